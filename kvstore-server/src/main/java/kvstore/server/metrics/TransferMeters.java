package kvstore.server.metrics;

import static kvstore.v1.GetStatus.GET_STATUS_HIT;
import static kvstore.v1.GetStatus.GET_STATUS_MISS;
import static kvstore.v1.PutStatus.PUT_STATUS_ALREADY_STORED;
import static kvstore.v1.PutStatus.PUT_STATUS_REJECTED;
import static kvstore.v1.PutStatus.PUT_STATUS_SHED;
import static kvstore.v1.PutStatus.PUT_STATUS_STORED;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Timer;
import java.util.EnumSet;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import kvstore.v1.GetStatus;
import kvstore.v1.MissReason;
import kvstore.v1.PutReason;
import kvstore.v1.PutStatus;

/** Chunks on their way. */
final class TransferMeters {
    private final PerLabel<PutStatus, PerLabel<PutReason, Counter>> putChunks;
    private final PerLabel<GetStatus, PerLabel<MissReason, Counter>> getChunks;
    private final PerLabel<PutStatus, Moved> puts;
    private final PerLabel<GetStatus, Moved> gets;
    private final PerLabel<Direction, AtomicInteger> inFlight;
    private final PerLabel<Direction, Timer> granted;
    private final PerLabel<Direction, Timer> timedOut;

    private final PerLabel<Direction, RegionBytes> inRegions;
    private final Counter sharedReads;
    private final Counter sharedReadBytes;

    private record RegionBytes(Counter inPlace, Counter copied) {}

    private record Moved(Counter bytes, Timer seconds) {
        void record(long movedBytes, long nanos) {
            bytes.increment((double) movedBytes);
            seconds.record(nanos, TimeUnit.NANOSECONDS);
        }
    }

    TransferMeters(Meters meters) {
        putChunks = new PerLabel<>(status -> new PerLabel<>(
                reason -> meters.counter(Metric.PUT_CHUNKS_TOTAL, Labels.of(status), Labels.of(reason))));
        getChunks = new PerLabel<>(status -> new PerLabel<>(
                reason -> meters.counter(Metric.GET_CHUNKS_TOTAL, Labels.of(status), Labels.of(reason))));
        puts = new PerLabel<>(status -> new Moved(
                meters.counter(Metric.PUT_BYTES_TOTAL, Labels.of(status)),
                meters.latency(Metric.PUT_SECONDS, Labels.of(status))));
        gets = new PerLabel<>(status -> new Moved(
                meters.counter(Metric.GET_BYTES_TOTAL, Labels.of(status)),
                meters.latency(Metric.GET_SECONDS, Labels.of(status))));
        inFlight = new PerLabel<>(direction -> {
            AtomicInteger chunks = new AtomicInteger();
            meters.gauge(Metric.IN_FLIGHT_TRANSFERS, chunks::get, direction.label());
            return chunks;
        });
        granted = new PerLabel<>(direction -> meters.latency(Metric.MEMORY_WAIT_SECONDS, direction.label(), "granted"));
        timedOut =
                new PerLabel<>(direction -> meters.latency(Metric.MEMORY_WAIT_SECONDS, direction.label(), "timed_out"));
        inRegions = new PerLabel<>(direction -> new RegionBytes(
                meters.counter(Metric.REGION_BYTES_TOTAL, direction.label(), "in_place"),
                meters.counter(Metric.REGION_BYTES_TOTAL, direction.label(), "copied")));
        sharedReads = meters.counter(Metric.SHARED_READS_TOTAL);
        sharedReadBytes = meters.counter(Metric.SHARED_READ_BYTES_TOTAL);
        showUsualOutcomes();
    }

    /** At 0 from the start, because a rate misses the first of a series that begins at 1. */
    private void showUsualOutcomes() {
        putChunks.get(PUT_STATUS_STORED).get(PutReason.PUT_REASON_UNSPECIFIED);
        putChunks.get(PUT_STATUS_ALREADY_STORED).get(PutReason.PUT_REASON_UNSPECIFIED);
        EnumSet.range(PutReason.PUT_REASON_NO_MEMORY, PutReason.PUT_REASON_STOPPING)
                .forEach(putChunks.get(PUT_STATUS_SHED)::get);
        EnumSet.range(PutReason.PUT_REASON_OVERLOADED, PutReason.PUT_REASON_TENANT_BUSY)
                .forEach(putChunks.get(PUT_STATUS_SHED)::get);
        EnumSet.range(PutReason.PUT_REASON_BAD_KEY, PutReason.PUT_REASON_TRUNCATED)
                .forEach(putChunks.get(PUT_STATUS_REJECTED)::get);
        EnumSet.range(PUT_STATUS_STORED, PUT_STATUS_REJECTED).forEach(puts::get);

        getChunks.get(GET_STATUS_HIT).get(MissReason.MISS_REASON_UNSPECIFIED);
        EnumSet.range(MissReason.MISS_REASON_ABSENT, MissReason.MISS_REASON_IN_FLIGHT)
                .forEach(getChunks.get(GET_STATUS_MISS)::get);
        EnumSet.range(MissReason.MISS_REASON_OVERLOADED, MissReason.MISS_REASON_TENANT_BUSY)
                .forEach(getChunks.get(GET_STATUS_MISS)::get);
        EnumSet.range(GET_STATUS_HIT, GET_STATUS_MISS).forEach(gets::get);

        for (Direction direction : Direction.values()) {
            inFlight.get(direction);
            granted.get(direction);
            timedOut.get(direction);
            inRegions.get(direction);
        }
    }

    void put(PutStatus status, PutReason reason, long bytes, long nanos) {
        putChunks.get(status).get(reason).increment();
        puts.get(status).record(bytes, nanos);
    }

    void get(GetStatus status, MissReason reason, long bytes, long nanos) {
        getChunks.get(status).get(reason).increment();
        gets.get(status).record(bytes, nanos);
    }

    long count(PutStatus status) {
        return puts.get(status).seconds().count();
    }

    long count(GetStatus status) {
        return gets.get(status).seconds().count();
    }

    long bytes(PutStatus status) {
        return (long) puts.get(status).bytes().count();
    }

    long bytes(GetStatus status) {
        return (long) gets.get(status).bytes().count();
    }

    LatencyCounts hitLatencies() {
        return LatencyCounts.of(gets.get(GET_STATUS_HIT).seconds());
    }

    LatencyCounts storedLatencies() {
        return LatencyCounts.of(puts.get(PUT_STATUS_STORED).seconds());
    }

    /** Misses by reason, those that happened. */
    Map<String, Long> misses() {
        Map<String, Long> reasons = new TreeMap<>();
        getChunks.get(GET_STATUS_MISS).forEach((reason, counter) -> addTo(reasons, Labels.of(reason), counter));
        return reasons;
    }

    /** Puts that were shed or rejected, by reason, those that happened. */
    Map<String, Long> refusals() {
        Map<String, Long> reasons = new TreeMap<>();
        putChunks.get(PUT_STATUS_SHED).forEach((reason, counter) -> addTo(reasons, Labels.of(reason), counter));
        putChunks.get(PUT_STATUS_REJECTED).forEach((reason, counter) -> addTo(reasons, Labels.of(reason), counter));
        return reasons;
    }

    private static void addTo(Map<String, Long> reasons, String reason, Counter counter) {
        long count = (long) counter.count();
        if (count > 0) {
            reasons.merge(reason, count, Long::sum);
        }
    }

    void began(Direction direction) {
        inFlight.get(direction).incrementAndGet();
    }

    void ended(Direction direction) {
        inFlight.get(direction).decrementAndGet();
    }

    int underWay(Direction direction) {
        return inFlight.get(direction).get();
    }

    void movedInRegion(Direction direction, long inPlaceBytes, long copiedBytes) {
        inRegions.get(direction).inPlace().increment((double) inPlaceBytes);
        inRegions.get(direction).copied().increment((double) copiedBytes);
    }

    void sharedRead(long bytes) {
        sharedReads.increment();
        sharedReadBytes.increment((double) bytes);
    }

    void waited(Direction direction, boolean gotIt, long nanos) {
        (gotIt ? granted : timedOut).get(direction).record(nanos, TimeUnit.NANOSECONDS);
    }
}
