package kvstore.api;

/**
 * The alignments of this project.
 *
 * <p>Direct I/O on Lustre wants file offset, memory address and length to be multiples of the client's page size, which
 * is 4 KiB on x86 and 64 KiB on many arm64 kernels. Local file systems forgive what Lustre does not, so every engine
 * enforces these values in code. What lies in files is the same for all machines and uses the larger one; memory never
 * leaves its machine. The checksums of a payload cover blocks, see {@link BlockChecksums}.
 */
public final class Blocks {
    /** Unit of file offsets and I/O lengths, in bytes. */
    public static final int BLOCK_BYTES = 64 * 1024;

    /** Unit of memory addresses, in bytes: the largest page that kernels of this architecture have. */
    public static final int MEMORY_ALIGNMENT_BYTES =
            System.getProperty("os.arch", "").equals("amd64") ? 4096 : BLOCK_BYTES;

    private Blocks() {}

    /** The number of blocks that {@code bytes} occupy; the last may be partly filled. */
    public static long count(long bytes) {
        return (bytes + BLOCK_BYTES - 1) / BLOCK_BYTES;
    }

    /** {@code bytes} rounded up to whole blocks. */
    public static long roundUp(long bytes) {
        return count(bytes) * BLOCK_BYTES;
    }

    /** Whether a file offset or a length is one of whole blocks. */
    public static boolean isAligned(long value) {
        return (value & (BLOCK_BYTES - 1)) == 0;
    }

    /** Whether direct I/O can start at a memory address. */
    public static boolean isMemoryAligned(long address) {
        return (address & (MEMORY_ALIGNMENT_BYTES - 1)) == 0;
    }
}
