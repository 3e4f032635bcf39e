package kvstore.store;

import java.nio.file.Path;
import kvstore.api.Blocks;

/**
 * The sizes that follow from the configuration and what the disk has.
 *
 * @param capacityBytes most bytes of disk that the node's directory may take
 * @param segmentBytes size of a new segment
 */
record Geometry(long capacityBytes, long segmentBytes) {
    /** What the directory itself and its small files take: markers, lock, and one of each that is being written. */
    private static final long MARKER_BYTES = Blocks.BLOCK_BYTES;

    /** For the name of each segment in the directory, and the file's inode where it counts. */
    private static final long NAME_BYTES = 128;

    /** A file takes more than its size by the blocks that find its extents; ext4 was seen to need 1/5000 at worst. */
    private static final long EXTENTS_SHARE = 1024;

    /** Fewer would mean that one eviction forgets too much of the cache. */
    static final int SEGMENTS_MIN = 4;

    /** Blocks of a segment that are no record: its header and its trailer. */
    static final int FRAME_BLOCKS = 2;

    /** The smallest segment that takes a value of this length, in bytes. */
    static long segmentBytesFor(long valueBytes) {
        long record = 1 + Blocks.count(valueBytes);
        return (FRAME_BLOCKS + record + OpenSegment.URGENT_BLOCKS + 1) * Blocks.BLOCK_BYTES;
    }

    /** What a new segment may come to take of the disk, in bytes. */
    long reserveBytes() {
        return reserveBytes(segmentBytes);
    }

    /** Kept for what is no segment, in bytes. */
    long markerBytes() {
        return MARKER_BYTES + capacityBytes / segmentBytes * NAME_BYTES;
    }

    private static long reserveBytes(long segmentBytes) {
        return segmentBytes + Blocks.roundUp(segmentBytes / EXTENTS_SHARE);
    }

    /** The capacity that has room for so many segments of this size. */
    static long capacityBytesFor(long segments, long segmentBytes) {
        return segments * (reserveBytes(segmentBytes) + NAME_BYTES) + MARKER_BYTES;
    }

    /** The largest segment of which the capacity has room for {@link #SEGMENTS_MIN}, in bytes. */
    private static long segmentBytesIn(long capacityBytes) {
        long each = (capacityBytes - MARKER_BYTES) / SEGMENTS_MIN - NAME_BYTES;
        long segment = each - Blocks.roundUp(Math.max(0, each / EXTENTS_SHARE));
        return segment - segment % Blocks.BLOCK_BYTES;
    }

    /**
     * Computes the sizes.
     *
     * @param directory that it is about, for the message
     * @param freeBytes what the file system has left
     * @param heldBytes what this node's segments take
     * @throws StoreException if the largest value does not fit
     */
    static Geometry of(StoreConfig config, Path directory, long freeBytes, long heldBytes) throws StoreException {
        boolean automatic = config.capacityBytes() == 0;
        long capacity = automatic ? (freeBytes + heldBytes) / 2 : config.capacityBytes();
        long segment = Math.min(config.segmentBytes(), segmentBytesIn(capacity));
        long needed = segmentBytesFor(config.maxValueBytes());
        if (segment < needed) {
            throw new StoreException(("capacityBytes = %d%s has room for %d segments of %d bytes, and one value of"
                            + " maxValueBytes = %d needs %d: set capacityBytes to %d or more, or maxValueBytes lower")
                    .formatted(
                            capacity,
                            automatic ? " (half of what " + directory + " has free)" : "",
                            SEGMENTS_MIN,
                            segment,
                            config.maxValueBytes(),
                            needed,
                            capacityBytesFor(SEGMENTS_MIN, needed)));
        }
        return new Geometry(capacity, segment);
    }
}
