package kvstore.store;

import java.util.List;

/**
 * The store in numbers, at one moment.
 *
 * @param capacity how full the disk is, all directories together
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
 * @param ghosts keys of which {@link ChunkStore#explain} knows why they are not here
 * @param awayMisses how often a chunk was wanted that lies in a directory that is set aside
 * @param directories each of them, in the order of the configuration
 * @param recovery what the start found
 */
public record StoreStats(
        CapacityStats capacity,
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
        int ghosts,
        long awayMisses,
        List<DirectoryStats> directories,
        RecoveryReport recovery) {
    /** Most bytes of disk that the node's directory may take. */
    public long capacityBytes() {
        return capacity.limitBytes();
    }

    /** What it takes, files set aside and what is kept for open segments included. */
    public long usedBytes() {
        return capacity.usedBytes();
    }
}
