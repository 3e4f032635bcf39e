package kvstore.api;

/**
 * The one alignment of this project.
 *
 * <p>Direct I/O on Lustre wants file offset, memory address and length to be multiples of the client's page size, which
 * is 4 KiB on x86 and 64 KiB on many arm64 kernels. Local file systems forgive what Lustre does not, so every engine
 * enforces this value in code. The checksums of a payload cover blocks of the same size, see {@link BlockChecksums}.
 */
public final class Blocks {
    /** Unit of file offsets, memory addresses and I/O lengths, in bytes. */
    public static final int BLOCK_BYTES = 64 * 1024;

    private Blocks() {}

    /** The number of blocks that {@code bytes} occupy; the last may be partly filled. */
    public static long count(long bytes) {
        return (bytes + BLOCK_BYTES - 1) / BLOCK_BYTES;
    }

    /** {@code bytes} rounded up to whole blocks. */
    public static long roundUp(long bytes) {
        return count(bytes) * BLOCK_BYTES;
    }

    public static boolean isAligned(long value) {
        return (value & (BLOCK_BYTES - 1)) == 0;
    }
}
