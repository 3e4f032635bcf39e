package kvstore.server.metrics;

import java.util.Map;

/**
 * What a daemon did since its start, for those who watch how it grows. Figures need not belong to the very same moment.
 *
 * @param getBytes payload that gets were answered with
 * @param putBytes payload that was stored
 * @param misses by reason, those that happened
 * @param refusals of puts, by reason, those that happened
 * @param gets how long gets took whose key was found
 * @param puts how long puts took that were stored
 * @param lookups how long the store took for a lookup
 */
public record Totals(
        long getHits,
        long getMisses,
        long getBytes,
        long putStored,
        long putAlreadyStored,
        long putBytes,
        long lookupKeys,
        long lookupFoundKeys,
        long diskReadBytes,
        long diskWriteBytes,
        long evictedBytes,
        Map<String, Long> misses,
        Map<String, Long> refusals,
        LatencyCounts gets,
        LatencyCounts puts,
        LatencyCounts lookups) {
    /** Of all reasons. */
    public long putRefused() {
        return refusals.values().stream().mapToLong(Long::longValue).sum();
    }
}
