package kvstore.store;

import java.util.concurrent.TimeUnit;

/** Where the end of the log has its segments from, and where they go when they are full. */
interface SegmentSource {
    /** How long nobody tries again where all segments were in use: pins are short. */
    long BUSY_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(5);

    /** What {@link #make} answers. */
    sealed interface Result {}

    /** An empty segment with its header written. */
    record Made(Segment segment) implements Result {}

    /**
     * No segment.
     *
     * @param pauseNanos after which it is worth another try
     */
    record Failed(ShedReason reason, String message, long pauseNanos) implements Result {
        /** All segments are in use, which may end any moment. */
        boolean busy() {
            return pauseNanos == BUSY_PAUSE_NANOS;
        }
    }

    /** Makes a segment ready to be written. Blocks; one call at a time. */
    Result make();

    /** Evicts what is too much after a segment was made. Blocks. */
    void trim();

    /** Completes a full segment, to which nothing is written any more, and lets go of it. */
    void seal(OpenSegment full);

    /** Lets go of a segment that was never written to and whose directory is away: it is evicted when that is back. */
    void abandon(Segment segment);

    /** Deletes a segment that was never written to. */
    void discard(Segment segment);

    /** Whether a segment should be given up for one elsewhere, because its directory does not take writes now. */
    boolean betterElsewhere(Segment segment);

    /** Whether values are better not written to this segment now, because its file system just refused to store more. */
    boolean pausing(Segment segment);
}
