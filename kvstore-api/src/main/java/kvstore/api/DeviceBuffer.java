package kvstore.api;

/**
 * Memory of a GPU. What was done to it on the GPU before must have ended before an operation starts: no engine waits for
 * a stream of someone else.
 *
 * @param gpu the GPU, as the process counts those that it sees, from 0
 * @param allocation device address of the allocation that the buffer lies in
 * @param offset where in it the buffer starts, in bytes
 * @param sizeBytes a multiple of {@link Blocks#BLOCK_BYTES}
 * @param direct whether file I/O may go straight into this memory; else it goes through memory of the engine and a copy
 *     on the GPU. Direct memory starts at a multiple of {@link #DIRECT_ALIGNMENT_BYTES}.
 */
public record DeviceBuffer(int gpu, long allocation, long offset, long sizeBytes, boolean direct) implements Buffer {
    /** What cuFile calls aligned; anything else bounces through memory of the library. */
    public static final int DIRECT_ALIGNMENT_BYTES = 4096;

    public DeviceBuffer {
        if (offset < 0 || sizeBytes < 0 || !Blocks.isAligned(sizeBytes)) {
            throw new IllegalArgumentException("a buffer of %d bytes at offset %d: sizes are multiples of %d"
                    .formatted(sizeBytes, offset, Blocks.BLOCK_BYTES));
        }
        if (direct && !isDirectAligned(allocation + offset)) {
            throw new IllegalArgumentException("direct memory at 0x%x is not aligned to %d bytes"
                    .formatted(allocation + offset, DIRECT_ALIGNMENT_BYTES));
        }
    }

    /** Whether file I/O can go straight to a device address. */
    public static boolean isDirectAligned(long address) {
        return (address & (DIRECT_ALIGNMENT_BYTES - 1)) == 0;
    }

    /** Device address of the first byte. */
    public long address() {
        return allocation + offset;
    }
}
