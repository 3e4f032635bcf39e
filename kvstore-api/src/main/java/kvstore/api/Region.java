package kvstore.api;

import java.lang.foreign.MemorySegment;

/**
 * Memory of a client that chunks are stored from and loaded into, shared with this process.
 *
 * <p>The client may change it at any time, and may take it away. So nothing that is read here is trusted twice, and no
 * method faults where the memory has gone: it fails with {@code MEMORY_GONE}. All offsets and lengths lie within
 * {@link #sizeBytes()}; anything else throws {@link IndexOutOfBoundsException}, because callers check what a client says
 * before. Thread-safe; closed once nothing uses it any more.
 */
public interface Region extends AutoCloseable {
    /** Size in bytes. */
    long sizeBytes();

    /** Whether a buffer can start at this offset. */
    boolean isAligned(long offset);

    /**
     * A stretch of the region, for an engine to move in place.
     *
     * @param offset such that {@link #isAligned}
     * @param sizeBytes a multiple of {@link Blocks#BLOCK_BYTES}
     */
    Buffer buffer(long offset, long sizeBytes);

    /** Copies from the region into host memory; as many bytes as {@code destination} has. */
    void read(long offset, MemorySegment destination) throws IoFailure;

    /** Copies all of {@code source}, host memory, into the region. */
    void write(long offset, MemorySegment source) throws IoFailure;

    /**
     * The checksums of a stretch, computed where the bytes are.
     *
     * @param offset where block 0 starts
     * @param lengthBytes the last block may be shorter
     */
    BlockChecksums checksums(long offset, long lengthBytes) throws IoFailure;

    /** Lets go of the memory. Nothing may be under way. Idempotent. */
    @Override
    void close();
}
