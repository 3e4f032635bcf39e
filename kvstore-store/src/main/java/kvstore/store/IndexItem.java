package kvstore.store;

import kvstore.api.ChunkKey;
import kvstore.api.KeyDigest;

/** An entry of an index area, whether it lies in memory ({@link IndexEntry}) or in a block just read. */
interface IndexItem {
    /** A chunk, or else a hidden key. */
    boolean isChunk();

    KeyDigest digest();

    /** Of the chunk; for a hidden key, {@link Hide#below()}. */
    long sequence();

    /** Of the record header. */
    int block();

    /** Of the payload in bytes; 0 for a hidden key. */
    int length();

    /** As in {@link RecordHeader.Chunk}. */
    boolean hides();

    /** Whether its key has a namespace; false for a hidden key. */
    boolean hasNamespace();

    /**
     * Of the chunk; makes objects, unlike the rest.
     *
     * @throws CorruptRecordException if this is no chunk or its key makes no sense
     */
    ChunkKey chunkKey() throws CorruptRecordException;

    /** Is shown one entry after the other; may not keep it. */
    interface Visitor {
        void visit(IndexItem item) throws CorruptRecordException;
    }
}
