package kvstore.store;

import kvstore.api.Blocks;

/** How many values of one length a segment holds: for sizing and for simulations. */
public final class SegmentFit {
    /** What a value's entry in the index area is taken for: a key of 64 bytes. */
    private static final long ENTRY_BYTES = IndexEntry.FIXED_BYTES + 64L;

    private SegmentFit() {}

    /** The most values of this length, in bytes, that are put into one segment; 0 if none. */
    public static int values(long segmentBytes, long valueBytes) {
        long values = segmentBytes / Blocks.BLOCK_BYTES / recordBlocks(valueBytes);
        while (values > 0 && bytes((int) values, valueBytes) > segmentBytes) {
            values--;
        }
        return (int) values;
    }

    /** The smallest segment that takes so many values of this length, in bytes. */
    public static long bytes(int values, long valueBytes) {
        long blocks = Geometry.FRAME_BLOCKS
                + OpenSegment.URGENT_BLOCKS
                + values * recordBlocks(valueBytes)
                + IndexBlock.blocksFor(values * ENTRY_BYTES);
        return blocks * Blocks.BLOCK_BYTES;
    }

    /** The capacity, in bytes, that has room for so many segments of this size with what the store keeps back. */
    public static long capacityBytes(long segments, long segmentBytes) {
        return Geometry.capacityBytesFor(segments, segmentBytes);
    }

    private static long recordBlocks(long valueBytes) {
        return 1 + Blocks.count(valueBytes);
    }
}
