package kvstore.store;

import kvstore.api.Blocks;

/**
 * The sizes that follow from the configuration and what the disk has.
 *
 * @param capacityBytes most bytes of all files together
 * @param segmentBytes size of a new segment
 */
record Geometry(long capacityBytes, long segmentBytes) {
    /** Fewer would mean that one eviction forgets too much of the cache. */
    static final int SEGMENTS_MIN = 4;

    /** Blocks of a segment that are no record: its header and its trailer. */
    static final int FRAME_BLOCKS = 2;

    /** The smallest segment that takes a value of this length, in bytes. */
    static long segmentBytesFor(long valueBytes) {
        long record = 1 + Blocks.count(valueBytes);
        return (FRAME_BLOCKS + record + OpenSegment.URGENT_BLOCKS + 1) * Blocks.BLOCK_BYTES;
    }

    /**
     * Computes the sizes.
     *
     * @param freeBytes what the file system has left
     * @param heldBytes what this node's segments take
     * @throws StoreException if the largest value does not fit
     */
    static Geometry of(StoreConfig config, long freeBytes, long heldBytes) throws StoreException {
        boolean automatic = config.capacityBytes() == 0;
        long capacity = automatic ? (freeBytes + heldBytes) / 2 : config.capacityBytes();
        long segment = Math.min(config.segmentBytes(), capacity / SEGMENTS_MIN);
        segment -= segment % Blocks.BLOCK_BYTES;
        long needed = segmentBytesFor(config.maxValueBytes());
        if (segment < needed) {
            throw new StoreException(("capacityBytes = %d%s has room for %d segments of %d bytes, and one value of"
                            + " maxValueBytes = %d needs %d: set capacityBytes to %d or more, or maxValueBytes lower")
                    .formatted(
                            capacity,
                            automatic ? " (half of what " + config.directory() + " has free)" : "",
                            SEGMENTS_MIN,
                            segment,
                            config.maxValueBytes(),
                            needed,
                            needed * SEGMENTS_MIN));
        }
        return new Geometry(capacity, segment);
    }
}
