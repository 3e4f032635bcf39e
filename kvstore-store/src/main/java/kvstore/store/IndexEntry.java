package kvstore.store;

import java.nio.charset.StandardCharsets;
import kvstore.api.ChunkKey;
import kvstore.api.KeyDigest;
import org.jspecify.annotations.Nullable;

/**
 * What the index area says of one record: a chunk, or one key that a tombstone hides.
 *
 * @param sequence of the chunk; for a hidden key, {@link Hide#below()}
 * @param block of the record header
 * @param length of the payload in bytes; 0 for a hidden key
 * @param hides as in {@link RecordHeader.Chunk}
 * @param key null for a hidden key
 */
record IndexEntry(
        KeyDigest digest,
        long sequence,
        int block,
        int length,
        boolean hides,
        @Nullable ChunkKey key) implements IndexItem {
    /** What comes before namespace and key on disk. */
    static final int FIXED_BYTES = 40;

    /** Longest entry on disk. */
    static final int BYTES_MAX = FIXED_BYTES + ChunkKey.MAX_NAMESPACE_BYTES + ChunkKey.MAX_BYTES;

    static IndexEntry of(Hide hide, int block) {
        return new IndexEntry(hide.digest(), hide.below(), block, 0, false, null);
    }

    static IndexEntry of(RecordHeader.Chunk chunk) {
        return new IndexEntry(
                KeyDigest.of(chunk.key()),
                chunk.stamp().sequence(),
                chunk.stamp().block(),
                (int) chunk.length(),
                chunk.hides(),
                chunk.key());
    }

    /** Size on disk of a chunk's entry. */
    static int bytesFor(ChunkKey key) {
        return FIXED_BYTES + key.namespace().getBytes(StandardCharsets.UTF_8).length + key.length();
    }

    int sizeBytes() {
        return key == null ? FIXED_BYTES : bytesFor(key);
    }

    @Override
    public boolean isChunk() {
        return key != null;
    }

    @Override
    public boolean hasNamespace() {
        return key != null && !key.namespace().isEmpty();
    }

    @Override
    public ChunkKey chunkKey() throws CorruptRecordException {
        if (key == null) {
            throw new CorruptRecordException("a hidden key has only a digest");
        }
        return key;
    }
}
