package kvstore.store;

import kvstore.api.Blocks;

/**
 * Room for one record in a segment.
 *
 * @param segment where; it cannot be sealed or evicted before {@link SegmentLog#finish}
 * @param block index of the header block
 * @param blocks header and payload together
 */
record Extent(Segment segment, int block, int blocks) {
    long offset() {
        return (long) block * Blocks.BLOCK_BYTES;
    }
}
