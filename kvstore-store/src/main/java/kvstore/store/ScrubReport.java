package kvstore.store;

/**
 * What a scrub has seen.
 *
 * @param segmentsDone segments that it is through with
 * @param segments that there were when it began
 * @param records that it has read whole
 * @param bytes that it has read, headers and padding included
 * @param badRecords of these, how many were not what had been put
 * @param unreadRecords that the file system would not read now; not among {@code records}, and left as they are
 * @param unreadSegments whose list of records could not be read
 * @param complete whether it came to its end
 */
public record ScrubReport(
        int segmentsDone,
        int segments,
        long records,
        long bytes,
        long badRecords,
        long unreadRecords,
        int unreadSegments,
        boolean complete) {
    /** Nothing yet. */
    public static final ScrubReport NOTHING = new ScrubReport(0, 0, 0, 0, 0, 0, 0, false);
}
