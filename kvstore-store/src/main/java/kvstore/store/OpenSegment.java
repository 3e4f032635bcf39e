package kvstore.store;

import kvstore.api.Blocks;

/**
 * Hands out the blocks of the segment that is being written, one after the other, and keeps enough of them for the index
 * area and the trailer. Guarded by the lock of {@link SegmentLog}.
 */
final class OpenSegment {
    /** Kept back from values: one full tombstone and its index entries. So a delete or an eviction is not stopped by puts. */
    static final int URGENT_BLOCKS = 1 + IndexBlock.blocksFor((long) RecordHeader.HIDES_MAX * IndexEntry.FIXED_BYTES);

    private final Segment segment;
    private final int blocks;
    private int nextBlock = 1;
    private long entryBytes;
    private int unfinished;
    private boolean retired;
    private boolean sealing;

    OpenSegment(Segment segment) {
        this.segment = segment;
        this.blocks = Math.toIntExact(segment.sizeBytes() / Blocks.BLOCK_BYTES);
    }

    /**
     * Takes room for a record.
     *
     * @param wanted blocks of the record
     * @param wantedEntryBytes what its entries take in the index area
     * @param urgent may use what is kept back
     * @return the first block, or 0 if there is no room
     */
    int take(int wanted, int wantedEntryBytes, boolean urgent) {
        long index = IndexBlock.blocksFor(entryBytes + wantedEntryBytes);
        long end = nextBlock + (long) wanted + index + (urgent ? 0 : URGENT_BLOCKS) + 1;
        if (end > blocks) {
            return 0;
        }
        int block = nextBlock;
        nextBlock += wanted;
        entryBytes += wantedEntryBytes;
        unfinished++;
        return block;
    }

    /** One of what was taken is written or given up. */
    void finish() {
        unfinished--;
    }

    /** No more is taken from this segment. */
    void retire() {
        retired = true;
    }

    boolean readyToSeal() {
        return retired && unfinished == 0;
    }

    /** True for the one caller that shall seal. */
    boolean beginSeal() {
        boolean first = !sealing;
        sealing = true;
        return first;
    }

    int unfinished() {
        return unfinished;
    }

    boolean pastHalf() {
        return nextBlock > blocks / 2;
    }

    boolean untouched() {
        return nextBlock == 1;
    }

    /** Where the index area goes. */
    int nextBlock() {
        return nextBlock;
    }

    Segment segment() {
        return segment;
    }
}
