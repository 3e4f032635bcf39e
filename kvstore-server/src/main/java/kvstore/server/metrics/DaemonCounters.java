package kvstore.server.metrics;

/**
 * The few totals since start that {@code kvstore stat} shows.
 *
 * @param storedChunks chunks that puts stored
 * @param getHits chunks that gets were answered with
 * @param getMisses keys that gets missed
 * @param evictedChunks chunks that were evicted
 * @param corruptRecords records that were not what had been put
 */
public record DaemonCounters(
        long storedChunks, long getHits, long getMisses, long evictedChunks, long corruptRecords) {}
