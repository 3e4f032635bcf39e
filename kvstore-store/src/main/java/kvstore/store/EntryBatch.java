package kvstore.store;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import kvstore.api.Blocks;
import kvstore.api.ChunkKey;
import kvstore.api.KeyDigest;

/** Entries of one segment without their keys, in 40 bytes each, on their way into the index. */
final class EntryBatch implements IndexItem.Visitor {
    private static final int STRIDE = 5;

    private long[] longs = new long[64 * STRIDE];
    private int size;
    private String namespace = ChunkKey.DEFAULT_NAMESPACE;
    private final Map<String, Long> owned = new HashMap<>();
    private String owner = ChunkKey.DEFAULT_NAMESPACE;
    private long ownerBytes;

    @Override
    public void visit(IndexItem item) {
        if (size == 0 && item.isChunk()) {
            namespace = namespace(item);
        }
        if (item.isChunk()) {
            own(Usage.ownerOf(item.hasNamespace() ? namespace(item) : ""), (1 + Blocks.count(item.length())));
        }
        if ((size + 1) * STRIDE > longs.length) {
            longs = Arrays.copyOf(longs, longs.length * 2);
        }
        int at = size++ * STRIDE;
        KeyDigest digest = item.digest();
        longs[at] = digest.high();
        longs[at + 1] = digest.low();
        longs[at + 2] = item.sequence();
        longs[at + 3] = ((long) item.block() << 32) | Integer.toUnsignedLong(item.length());
        longs[at + 4] = item.isChunk() ? 1 : 0;
    }

    /** Owners come in runs, and most segments have one. */
    private void own(String by, long blocks) {
        if (!by.equals(owner)) {
            flushOwner();
            owner = by;
        }
        ownerBytes += blocks * Blocks.BLOCK_BYTES;
    }

    private void flushOwner() {
        if (ownerBytes > 0) {
            owned.merge(owner, ownerBytes, Long::sum);
            ownerBytes = 0;
        }
    }

    /** Tells the segment what each owner's records take in it. */
    void tellOwned(Segment segment) {
        flushOwner();
        owned.forEach(segment::own);
    }

    private static String namespace(IndexItem item) {
        try {
            return item.chunkKey().namespace();
        } catch (CorruptRecordException _) {
            return ChunkKey.DEFAULT_NAMESPACE; // it costs a hint, not the entry
        }
    }

    int size() {
        return size;
    }

    /** That of the first entry, for a hint of what there is. */
    String namespace() {
        return namespace;
    }

    boolean isChunk(int i) {
        return longs[i * STRIDE + 4] != 0;
    }

    long high(int i) {
        return longs[i * STRIDE];
    }

    long low(int i) {
        return longs[i * STRIDE + 1];
    }

    long sequence(int i) {
        return longs[i * STRIDE + 2];
    }

    int block(int i) {
        return (int) (longs[i * STRIDE + 3] >>> 32);
    }

    int length(int i) {
        return (int) longs[i * STRIDE + 3];
    }
}
