package kvstore.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class BlockChecksumsTest {
    private static final long SEED = 20261123;

    @Test
    void isCrc32cAsInTheStandard() {
        // RFC 3720, appendix B.4: 32 bytes of zeros give 0x8a9136aa
        try (Arena arena = Arena.ofConfined()) {
            BlockChecksums.Accumulator sums = new BlockChecksums.Accumulator(32);
            sums.update(arena.allocate(32));
            assertThat(sums.finish().crc(0)).isEqualTo(0x8a9136aa);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 4095, 65535, 65536, 65537, 200_000, 1 << 20})
    void isTheSameHoweverTheBytesArrive(long length) {
        RandomGenerator random = new Random(SEED + length);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment payload = randomBytes(arena, length, random);
            BlockChecksums whole = sumsOf(payload, length, random);
            assertThat(whole.count()).isEqualTo((int) Blocks.count(length));
            for (int round = 0; round < 20; round++) {
                assertThat(sumsOf(payload, 1 + random.nextLong(length), random)).isEqualTo(whole);
            }
            assertThat(whole.firstMismatch(0, payload)).isEqualTo(-1);
        }
    }

    @Test
    void namesTheBlockOfAFlippedBit() {
        RandomGenerator random = new Random(SEED);
        long length = 5L * Blocks.BLOCK_BYTES + 17;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment payload = randomBytes(arena, length, random);
            BlockChecksums sums = sumsOf(payload, length, random);
            for (int round = 0; round < 200; round++) {
                long at = random.nextLong(length);
                byte before = payload.get(ValueLayout.JAVA_BYTE, at);
                payload.set(ValueLayout.JAVA_BYTE, at, (byte) (before ^ (1 << random.nextInt(8))));
                assertThat(sums.firstMismatch(0, payload))
                        .as("seed %d, flipped byte %d", SEED, at)
                        .isEqualTo((int) (at / Blocks.BLOCK_BYTES));
                payload.set(ValueLayout.JAVA_BYTE, at, before);
            }
        }
    }

    @Test
    void verifiesAPieceFromTheMiddle() {
        RandomGenerator random = new Random(SEED);
        long length = 4L * Blocks.BLOCK_BYTES;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment payload = randomBytes(arena, length, random);
            BlockChecksums sums = sumsOf(payload, length, random);
            MemorySegment middle = payload.asSlice(Blocks.BLOCK_BYTES, 2L * Blocks.BLOCK_BYTES);
            assertThat(sums.firstMismatch(Blocks.BLOCK_BYTES, middle)).isEqualTo(-1);
            assertThat(sums.firstMismatch(0, middle)).isZero();
            assertThatThrownBy(() -> sums.firstMismatch(1, middle)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void aBlockBeyondTheEndIsAMismatch() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment payload = arena.allocate(2L * Blocks.BLOCK_BYTES);
            BlockChecksums sums = sumsOf(payload.asSlice(0, Blocks.BLOCK_BYTES), Blocks.BLOCK_BYTES, new Random(SEED));
            assertThat(sums.firstMismatch(0, payload)).isEqualTo(1);
        }
    }

    @Test
    void wantsExactlyTheAnnouncedBytes() {
        try (Arena arena = Arena.ofConfined()) {
            BlockChecksums.Accumulator sums = new BlockChecksums.Accumulator(10);
            sums.update(arena.allocate(4));
            assertThatThrownBy(sums::finish).isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(() -> sums.update(arena.allocate(7))).isInstanceOf(IllegalArgumentException.class);
        }
    }

    private static BlockChecksums sumsOf(MemorySegment payload, long largestStep, RandomGenerator random) {
        BlockChecksums.Accumulator sums = new BlockChecksums.Accumulator(payload.byteSize());
        for (long at = 0; at < payload.byteSize(); ) {
            long step = Math.min(1 + random.nextLong(largestStep), payload.byteSize() - at);
            sums.update(payload.asSlice(at, step));
            at += step;
        }
        return sums.finish();
    }

    private static MemorySegment randomBytes(Arena arena, long length, RandomGenerator random) {
        byte[] bytes = new byte[(int) length];
        random.nextBytes(bytes);
        return arena.allocate(length).copyFrom(MemorySegment.ofArray(bytes));
    }
}
