package kvstore.store;

/**
 * The store in numbers, at one moment.
 *
 * @param capacityBytes most bytes that segment files may take
 * @param usedBytes what they take, files set aside included
 * @param segmentBytes size of a new segment
 * @param chunks visible chunks
 * @param chunkBytes their payload
 * @param segments segment files in use
 * @param unreadSegments segment files that could not be read at start and were left alone
 * @param quarantinedFiles damaged segment files that were set aside and are kept
 * @param heldSegments segments that a put, a pin or a lease protects from eviction
 * @param leases leases that hold
 * @param leasedBytes segment files that they protect from eviction
 * @param putsInFlight reservations neither committed nor aborted
 * @param indexBytes memory of the index
 * @param recovery what the start found
 */
public record StoreStats(
        long capacityBytes,
        long usedBytes,
        long segmentBytes,
        long chunks,
        long chunkBytes,
        int segments,
        int unreadSegments,
        int quarantinedFiles,
        int heldSegments,
        int leases,
        long leasedBytes,
        int putsInFlight,
        long indexBytes,
        RecoveryReport recovery) {}
