package kvstore.store;

/**
 * What {@link DirectoryCheck} saw of one node.
 *
 * @param epoch of its last start
 * @param segments segment files with something in them
 * @param scannedSegments of these, how many have no usable index area and were read record by record
 * @param emptySegments files without a record, which the next start removes or ignores
 * @param damagedSegments of the segments, how many are not as they should be
 * @param repairedSegments of these, how many were set aside
 * @param quarantinedFiles files that lie in {@code quarantine/} now
 * @param records chunks listed, those that were replaced or deleted since among them
 * @param bytes sum of their lengths
 * @param badRecords of these, how many are not what was put; 0 unless payloads were verified
 * @param unreadRecords of these, how many could not be read; 0 unless payloads were verified
 */
public record DirectoryReport(
        String node,
        long epoch,
        int segments,
        int scannedSegments,
        int emptySegments,
        int damagedSegments,
        int repairedSegments,
        int quarantinedFiles,
        long records,
        long bytes,
        long badRecords,
        long unreadRecords) {
    /** Whether nothing is wrong, or all that was is set aside. */
    public boolean clean() {
        return damagedSegments == repairedSegments && badRecords == 0 && unreadRecords == 0;
    }
}
