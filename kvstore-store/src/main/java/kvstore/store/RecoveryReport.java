package kvstore.store;

/**
 * What a start found on disk.
 *
 * @param chunks chunks found again
 * @param segments segment files in use, both kinds below
 * @param scannedSegments of these, how many had no usable index area and were read record by record
 * @param unreadSegments segment files that the file system would not read now; left alone
 * @param quarantinedSegments damaged segment files that were set aside at this start
 * @param quarantinedFiles files set aside that are kept, from earlier starts too
 * @param evictedSegments segment files removed because the capacity is smaller now
 * @param millis how long it took
 */
public record RecoveryReport(
        long chunks,
        int segments,
        int scannedSegments,
        int unreadSegments,
        int quarantinedSegments,
        int quarantinedFiles,
        int evictedSegments,
        long millis) {}
