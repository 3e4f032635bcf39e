package kvstore.bench;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Bytes that look random and can be made again, so that nobody has to keep a copy to compare with. SplitMix64 (Steele,
 * Lea, Flood 2014) over a counter, several GB/s on one core; the same on every machine.
 */
public final class SeededBytes {
    private static final ValueLayout.OfLong LITTLE_ENDIAN =
            ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private static final long GAMMA = 0x9E3779B97F4A7C15L;

    private SeededBytes() {}

    /**
     * Fills memory.
     *
     * @param memory of a multiple of 8 bytes
     */
    public static void fill(MemorySegment memory, long seed) {
        long state = start(memory, seed);
        for (long offset = 0; offset < memory.byteSize(); offset += Long.BYTES) {
            memory.set(LITTLE_ENDIAN, offset, mix(state));
            state += GAMMA;
        }
    }

    /** Whether every byte is what {@link #fill} writes for this seed. */
    public static boolean matches(MemorySegment memory, long seed) {
        long state = start(memory, seed);
        long differences = 0;
        for (long offset = 0; offset < memory.byteSize(); offset += Long.BYTES) {
            // gathered rather than tested one by one: a branch would make it slower, and it is almost never taken
            differences |= memory.get(LITTLE_ENDIAN, offset) ^ mix(state);
            state += GAMMA;
        }
        return differences == 0;
    }

    private static long start(MemorySegment memory, long seed) {
        if (memory.byteSize() % Long.BYTES != 0) {
            throw new IllegalArgumentException(memory.byteSize() + " bytes are no multiple of 8");
        }
        return mix(seed) + GAMMA;
    }

    private static long mix(long state) {
        long z = (state ^ (state >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }
}
