package kvstore.bench;

import java.util.List;
import kvstore.api.Blocks;

/**
 * The sizes of a daemon's store that takes a known number of chunks and evicts none of them: no more disk is asked for than
 * that needs, and the limit is exact.
 *
 * @param segmentBytes size of a segment file, a multiple of 1 MiB
 * @param capacityBytes the hard limit on what the daemon writes
 * @param maxValueBytes longest value, a multiple of 1 MiB
 */
public record StoreSize(long segmentBytes, long capacityBytes, long maxValueBytes) {
    private static final long MEBIBYTE = 1L << 20;

    /** The smallest segment that the configuration allows. */
    private static final long SEGMENT_BYTES_MIN = 64 * MEBIBYTE;

    /** Header and index of a segment, generously. */
    private static final long SEGMENT_OVERHEAD_BYTES = 2 * MEBIBYTE;

    /** One waits to be filled, and one or two are left half empty by a restart. */
    private static final int SPARE_SEGMENTS = 3;

    /** A capacity with room for fewer would make the daemon take smaller ones. */
    private static final int SEGMENTS_MIN = 4;

    /**
     * A store for {@code chunks} chunks.
     *
     * @param chunksInSegment at least; what a full segment may waste at its end shrinks with it
     */
    public static StoreSize of(long chunkBytes, long chunks, long chunksInSegment) {
        // a record is the value in whole blocks, and a block before it
        long record = Blocks.roundUp(chunkBytes) + Blocks.BLOCK_BYTES;
        long segment = roundUp(Math.max(SEGMENT_BYTES_MIN, chunksInSegment * record + SEGMENT_OVERHEAD_BYTES));
        long perSegment = (segment - SEGMENT_OVERHEAD_BYTES) / record;
        long segments = Math.max(SEGMENTS_MIN, (chunks + perSegment - 1) / perSegment + SPARE_SEGMENTS);
        return new StoreSize(segment, segments * segment, roundUp(chunkBytes));
    }

    /** The daemon's settings. */
    public List<String> settings() {
        return List.of(
                "data.capacity=" + capacityBytes / MEBIBYTE + "MiB",
                "data.segment-size=" + segmentBytes / MEBIBYTE + "MiB",
                "data.max-value-size=" + maxValueBytes / MEBIBYTE + "MiB");
    }

    private static long roundUp(long bytes) {
        return (bytes + MEBIBYTE - 1) / MEBIBYTE * MEBIBYTE;
    }
}
