package kvstore.server.metrics;

import io.grpc.Status;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Timer;
import java.util.concurrent.TimeUnit;

/** Calls and lookups. */
final class CallMeters {
    private final PerLabel<Rpc, PerLabel<Status.Code, Counter>> calls;
    private final PerLabel<Rpc, Timer> callSeconds;
    private final Timer lookupSeconds;
    private final Counter lookupKeys;
    private final Counter lookupFound;
    private final Counter lookupLeading;
    private final Counter prefixTokens;
    private final Counter prefixChunks;
    private final Counter prefixMatched;
    private final Counter hashAgrees;
    private final Counter hashDiffers;

    CallMeters(Meters meters) {
        calls = new PerLabel<>(
                rpc -> new PerLabel<>(code -> meters.counter(Metric.RPC_TOTAL, rpc.label(), Labels.small(code))));
        callSeconds = new PerLabel<>(rpc -> meters.latency(Metric.RPC_SECONDS, rpc.label()));
        lookupSeconds = meters.latency(Metric.LOOKUP_SECONDS);
        lookupKeys = meters.counter(Metric.LOOKUP_KEYS_TOTAL);
        lookupFound = meters.counter(Metric.LOOKUP_FOUND_KEYS_TOTAL);
        lookupLeading = meters.counter(Metric.LOOKUP_LEADING_KEYS_TOTAL);
        prefixTokens = meters.counter(Metric.PREFIX_TOKENS_TOTAL);
        prefixChunks = meters.counter(Metric.PREFIX_CHUNKS_TOTAL);
        prefixMatched = meters.counter(Metric.PREFIX_MATCHED_CHUNKS_TOTAL);
        hashAgrees = meters.counter(Metric.HASH_CHECKS_TOTAL, "agrees");
        hashDiffers = meters.counter(Metric.HASH_CHECKS_TOTAL, "differs");
        for (Rpc rpc : Rpc.values()) {
            // at 0 from the start, because a rate misses the first of a series that begins at 1
            calls.get(rpc).get(Status.Code.OK);
            calls.get(rpc).get(Status.Code.INTERNAL);
            calls.get(rpc).get(Status.Code.UNKNOWN);
            callSeconds.get(rpc);
        }
    }

    void ended(Rpc rpc, Status.Code code, long nanos) {
        calls.get(rpc).get(code).increment();
        callSeconds.get(rpc).record(nanos, TimeUnit.NANOSECONDS);
    }

    void lookup(int keys, int found, int leading, long nanos) {
        lookupSeconds.record(nanos, TimeUnit.NANOSECONDS);
        lookupKeys.increment(keys);
        lookupFound.increment(found);
        lookupLeading.increment(leading);
    }

    long lookupKeys() {
        return (long) lookupKeys.count();
    }

    long lookupFoundKeys() {
        return (long) lookupFound.count();
    }

    LatencyCounts lookupLatencies() {
        return LatencyCounts.of(lookupSeconds);
    }

    long hashesThatDiffer() {
        return (long) hashDiffers.count();
    }

    void prefixMatch(int tokens, int matchedChunks, int chunks) {
        prefixTokens.increment(tokens);
        prefixChunks.increment(chunks);
        prefixMatched.increment(matchedChunks);
    }

    void hashCheck(boolean agrees) {
        (agrees ? hashAgrees : hashDiffers).increment();
    }
}
