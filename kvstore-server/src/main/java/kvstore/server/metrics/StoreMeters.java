package kvstore.server.metrics;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Timer;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;
import kvstore.api.IoFailure;
import kvstore.store.CapacityState;
import kvstore.store.DirectoryStats;
import kvstore.store.EvictionTrigger;
import kvstore.store.ReinsertionRefusal;
import kvstore.store.SegmentDamage;
import kvstore.store.ShedReason;
import kvstore.store.StoreListener;
import kvstore.store.StoreStats;

/** The store: what it tells, and what it is asked at every scrape. */
final class StoreMeters implements StoreListener {
    private static final double MILLIS_PER_SECOND = 1e3;

    private final Meters meters;
    private static final String CAPACITY = "capacity";
    private static final String IDLE = "idle";

    private final Counter reinsertedChunks;
    private final Counter reinsertedBytes;
    private final Counter leasesRefused;
    private final Timer evictionAge;
    private final Counter aborted;
    private final Counter deleted;
    private final Counter corrupt;
    private volatile String recovering = "";

    StoreMeters(Meters meters) {
        this.meters = meters;
        for (String reason : List.of(CAPACITY, IDLE)) {
            meters.counter(Metric.STORE_EVICTED_SEGMENTS_TOTAL, reason);
            meters.counter(Metric.STORE_EVICTED_CHUNKS_TOTAL, reason);
            meters.counter(Metric.STORE_EVICTED_BYTES_TOTAL, reason);
        }
        reinsertedChunks = meters.counter(Metric.STORE_REINSERTED_CHUNKS_TOTAL);
        reinsertedBytes = meters.counter(Metric.STORE_REINSERTED_BYTES_TOTAL);
        leasesRefused = meters.counter(Metric.STORE_LEASES_REFUSED_TOTAL);
        for (ReinsertionRefusal reason : ReinsertionRefusal.values()) {
            if (reason != ReinsertionRefusal.NONE) {
                meters.counter(Metric.STORE_REINSERTION_REFUSED_CHUNKS_TOTAL, reason.label());
            }
        }
        evictionAge = meters.age(Metric.STORE_EVICTION_AGE_SECONDS);
        aborted = meters.counter(Metric.STORE_ABORTED_TOTAL);
        deleted = meters.counter(Metric.STORE_DELETED_CHUNKS_TOTAL);
        corrupt = meters.counter(Metric.STORE_CORRUPT_RECORDS_TOTAL);
        for (EvictionTrigger trigger : EvictionTrigger.values()) {
            meters.counter(Metric.STORE_EVICTIONS_TOTAL, trigger.label());
        }
        for (ShedReason reason : ShedReason.values()) {
            meters.counter(Metric.STORE_SHED_TOTAL, reason.label());
        }
        for (SegmentDamage damage : SegmentDamage.values()) {
            meters.counter(Metric.STORE_DAMAGED_SEGMENTS_TOTAL, damage.label());
        }
    }

    /** Asks {@code stats} once for each figure, so it should be a snapshot that lasts for a scrape. */
    void bind(Supplier<StoreStats> stats, LongSupplier fileSystemAvailableBytes) {
        gauge(Metric.STORE_CAPACITY_BYTES, stats, StoreStats::capacityBytes);
        gauge(Metric.STORE_USED_BYTES, stats, StoreStats::usedBytes);
        gauge(Metric.STORE_RESERVED_BYTES, stats, s -> s.capacity().reservedBytes());
        gauge(Metric.STORE_FREE_SPACE_FLOOR_BYTES, stats, s -> s.capacity().floorBytes());
        for (CapacityState state : CapacityState.values()) {
            gauge(Metric.STORE_CAPACITY_STATE, stats, s -> s.capacity().state() == state ? 1 : 0, state.label());
        }
        bindDirectories(stats);
        gauge(Metric.STORE_CHUNKS, stats, StoreStats::chunks);
        gauge(Metric.STORE_CHUNK_BYTES, stats, StoreStats::chunkBytes);
        gauge(Metric.STORE_SEGMENTS, stats, StoreStats::segments, "in_use");
        gauge(Metric.STORE_SEGMENTS, stats, StoreStats::heldSegments, "held");
        gauge(Metric.STORE_SEGMENTS, stats, StoreStats::unreadSegments, "unread");
        gauge(Metric.STORE_SEGMENTS, stats, StoreStats::quarantinedFiles, "quarantined");
        gauge(Metric.STORE_GHOSTS, stats, StoreStats::ghosts);
        gauge(Metric.STORE_INDEX_BYTES, stats, StoreStats::indexBytes);
        gauge(Metric.STORE_LEASES, stats, StoreStats::leases);
        gauge(Metric.STORE_LEASED_BYTES, stats, StoreStats::leasedBytes);
        gauge(Metric.STORE_RESERVATIONS, stats, StoreStats::putsInFlight);
        gauge(Metric.STORE_RECOVERY_SECONDS, stats, s -> s.recovery().millis() / MILLIS_PER_SECOND);
        gauge(Metric.STORE_RECOVERY_CHUNKS, stats, s -> s.recovery().chunks());
        gauge(Metric.STORE_RECOVERY_SCANNED_SEGMENTS, stats, s -> s.recovery().scannedSegments());
        meters.gauge(Metric.STORE_FILE_SYSTEM_AVAILABLE_BYTES, fileSystemAvailableBytes::getAsLong);
    }

    /** How far the start is; empty before it reads segments. */
    String recovering() {
        return recovering;
    }

    private void bindDirectories(Supplier<StoreStats> stats) {
        meters.counter(Metric.STORE_AWAY_MISSES_TOTAL, () -> stats.get().awayMisses());
        List<DirectoryStats> all = stats.get().directories();
        for (int i = 0; i < all.size(); i++) {
            int place = i; // the configuration's, which does not change
            String path = all.get(i).path().toString();
            gauge(
                    Metric.STORE_DIRECTORY_CAPACITY_BYTES,
                    stats,
                    s -> s.directories().get(place).capacity().limitBytes(),
                    path);
            gauge(
                    Metric.STORE_DIRECTORY_USED_BYTES,
                    stats,
                    s -> s.directories().get(place).capacity().usedBytes(),
                    path);
            gauge(
                    Metric.STORE_DIRECTORY_SEGMENTS,
                    stats,
                    s -> s.directories().get(place).segments(),
                    path);
            gauge(
                    Metric.STORE_DIRECTORY_AWAY,
                    stats,
                    s -> s.directories().get(place).awayReason().isEmpty() ? 0 : 1,
                    path);
        }
    }

    long evictedChunks() {
        double both = meters.counter(Metric.STORE_EVICTED_CHUNKS_TOTAL, CAPACITY)
                        .count()
                + meters.counter(Metric.STORE_EVICTED_CHUNKS_TOTAL, IDLE).count();
        return (long) both;
    }

    long evictedBytes() {
        double both = meters.counter(Metric.STORE_EVICTED_BYTES_TOTAL, CAPACITY).count()
                + meters.counter(Metric.STORE_EVICTED_BYTES_TOTAL, IDLE).count();
        return (long) both;
    }

    long corruptRecords() {
        return (long) corrupt.count();
    }

    private void gauge(
            Metric metric, Supplier<StoreStats> stats, ToDoubleFunction<StoreStats> figure, String... labelValues) {
        meters.gauge(metric, () -> figure.applyAsDouble(stats.get()), labelValues);
    }

    @Override
    public void recovering(int read, int files) {
        recovering = "%d of %d segments are read".formatted(read, files);
    }

    @Override
    public void shed(ShedReason reason) {
        meters.counter(Metric.STORE_SHED_TOTAL, reason.label()).increment();
    }

    @Override
    public void aborted() {
        aborted.increment();
    }

    @Override
    public void deleted(int chunks) {
        deleted.increment(chunks);
    }

    @Override
    public void evicted(long segment, long chunks, long payloadBytes, long ageMillis) {
        countEvicted(CAPACITY, chunks, payloadBytes, ageMillis);
    }

    @Override
    public void expired(long segment, long chunks, long payloadBytes, long ageMillis) {
        countEvicted(IDLE, chunks, payloadBytes, ageMillis);
    }

    @Override
    public void reinserted(long payloadBytes) {
        reinsertedChunks.increment();
        reinsertedBytes.increment((double) payloadBytes);
    }

    @Override
    public void reinsertionRefused(ReinsertionRefusal reason, int chunks) {
        meters.counter(Metric.STORE_REINSERTION_REFUSED_CHUNKS_TOTAL, reason.label())
                .increment(chunks);
    }

    @Override
    public void leaseRefused() {
        leasesRefused.increment();
    }

    private void countEvicted(String reason, long chunks, long payloadBytes, long ageMillis) {
        meters.counter(Metric.STORE_EVICTED_SEGMENTS_TOTAL, reason).increment();
        meters.counter(Metric.STORE_EVICTED_CHUNKS_TOTAL, reason).increment((double) chunks);
        meters.counter(Metric.STORE_EVICTED_BYTES_TOTAL, reason).increment((double) payloadBytes);
        evictionAge.record(ageMillis, TimeUnit.MILLISECONDS);
    }

    @Override
    public void madeRoom(EvictionTrigger trigger) {
        meters.counter(Metric.STORE_EVICTIONS_TOTAL, trigger.label()).increment();
    }

    @Override
    public void corrupt(String reason) {
        corrupt.increment();
    }

    @Override
    public void segmentDamaged(SegmentDamage damage) {
        meters.counter(Metric.STORE_DAMAGED_SEGMENTS_TOTAL, damage.label()).increment();
    }

    @Override
    public void ioFailed(String operation, IoFailure failure) {
        meters.counter(Metric.STORE_IO_FAILURES_TOTAL, operation, failure.kind().label())
                .increment();
    }
}
