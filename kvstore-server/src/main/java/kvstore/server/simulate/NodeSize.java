package kvstore.server.simulate;

import kvstore.api.Blocks;
import kvstore.store.SegmentFit;

/**
 * A node as it would be, and the small one that stands for it: as many segments, as many values in each, but short values.
 * Otherwise a simulation would copy and check gigabytes of zeros for every value that is written again.
 *
 * @param capacityBytes of the real node
 * @param valueBytes of a real block of the trace
 * @param segments how many fit into the capacity
 * @param valuesPerSegment how many real values fit into a real segment
 */
record NodeSize(long capacityBytes, long valueBytes, long segments, int valuesPerSegment) {
    /** As the store does it: fewer would mean that one eviction forgets too much. */
    static final int SEGMENTS_MIN = 4;

    private static final long SHORT_BYTES = 15L * Blocks.BLOCK_BYTES;

    /**
     * Computes what fits.
     *
     * @param segmentBytes made smaller where the capacity has no room for four
     * @throws IllegalArgumentException if a value does not fit
     */
    static NodeSize of(long capacityBytes, long segmentBytes, long valueBytes) {
        long segment = Math.min(segmentBytes, capacityBytes / SEGMENTS_MIN);
        int values = SegmentFit.values(segment, valueBytes);
        if (values == 0) {
            throw new IllegalArgumentException(
                    "a capacity of %d bytes, in segments of %d, has no room for blocks of %d bytes"
                            .formatted(capacityBytes, segment, valueBytes));
        }
        return new NodeSize(capacityBytes, valueBytes, capacityBytes / segment, values);
    }

    /** Length of the values that stand for the real ones, in bytes. */
    long shortValueBytes() {
        return Math.min(valueBytes, SHORT_BYTES);
    }

    long shortSegmentBytes() {
        return SegmentFit.bytes(valuesPerSegment, shortValueBytes());
    }

    long shortCapacityBytes() {
        return SegmentFit.capacityBytes(segments, shortSegmentBytes());
    }
}
