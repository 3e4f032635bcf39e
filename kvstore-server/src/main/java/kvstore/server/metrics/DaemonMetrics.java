package kvstore.server.metrics;

import io.grpc.Status;
import io.micrometer.core.instrument.binder.jvm.ClassLoaderMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.FileDescriptorMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.prometheus.metrics.core.metrics.Info;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.IntSupplier;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import kvstore.api.IoPath;
import kvstore.lustre.DirectoryLayout;
import kvstore.lustre.IoStats;
import kvstore.server.identity.Tenant;
import kvstore.server.io.FlowStats;
import kvstore.store.StoreListener;
import kvstore.store.StoreStats;
import kvstore.v1.GetStatus;
import kvstore.v1.MissReason;
import kvstore.v1.PutReason;
import kvstore.v1.PutStatus;

/**
 * What the daemon reports of itself. The way of a chunk only touches counters and timers that were made before; nothing
 * here blocks, throws or looks at a key. Thread-safe.
 */
public final class DaemonMetrics implements AutoCloseable {
    private static final String READ = "read";
    private static final String WRITE = "write";
    private static final double NANOS_PER_SECOND = 1e9;
    private static final double MILLIS_PER_SECOND = 1e3;

    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final Meters meters = new Meters(registry);
    private final CallMeters calls = new CallMeters(meters);
    private final TransferMeters transfers = new TransferMeters(meters);
    private final StoreMeters store = new StoreMeters(meters);
    private final IoMeters io = new IoMeters(meters);
    private final GpuMeters gpus = new GpuMeters(meters);
    private final RespMeters resp = new RespMeters(meters);
    private final LmMeters lm = new LmMeters(meters);
    private final JvmGcMetrics collections = new JvmGcMetrics();
    private final SnapshotPerScrape<StoreStats> storeStats = new SnapshotPerScrape<>();
    private final long startNanos = System.nanoTime();
    private volatile boolean ready;

    /** Counts from now; the uptime starts here. */
    public DaemonMetrics() {
        meters.gauge(Metric.READY, () -> ready ? 1 : 0);
        meters.gauge(Metric.UPTIME_SECONDS, () -> (System.nanoTime() - startNanos) / NANOS_PER_SECOND);
        new JvmMemoryMetrics().bindTo(registry);
        new JvmThreadMetrics().bindTo(registry);
        new ClassLoaderMetrics().bindTo(registry);
        new ProcessorMetrics().bindTo(registry);
        new FileDescriptorMetrics().bindTo(registry);
        collections.bindTo(registry);
    }

    /** A call ended with {@code code}, {@code nanos} after its first message. */
    public void rpc(Rpc rpc, Status.Code code, long nanos) {
        calls.ended(rpc, code, nanos);
    }

    /** A lookup of {@code keys} keys found {@code found}, {@code leading} of them before the first that is missing. */
    public void lookup(int keys, int found, int leading, long nanos) {
        calls.lookup(keys, found, leading, nanos);
    }

    /** A prompt of so many token ids, 0 if it came as hashes, had {@code matched} of {@code chunks} chunks here. */
    public void prefixMatch(int tokens, int matched, int chunks) {
        calls.prefixMatch(tokens, matched, chunks);
    }

    /** A client's hashes were compared with this daemon's. */
    public void hashCheck(boolean agrees) {
        calls.hashCheck(agrees);
    }

    /**
     * One chunk of a put was answered.
     *
     * @param reason unspecified for chunks that are stored
     * @param bytes its length
     * @param nanos since its begin
     */
    public void put(PutStatus status, PutReason reason, long bytes, long nanos) {
        transfers.put(status, reason, bytes, nanos);
    }

    /**
     * One key of a get was answered.
     *
     * @param status unspecified if the caller went away in between
     * @param reason unspecified for hits
     * @param bytes the payload that was sent
     * @param nanos since its turn came
     */
    public void get(GetStatus status, MissReason reason, long bytes, long nanos) {
        transfers.get(status, reason, bytes, nanos);
    }

    /** A chunk of a put, or a call of Get, begins. Followed by one {@link #transferEnded}, whatever happens. */
    public void transferBegan(Direction direction) {
        transfers.began(direction);
    }

    /** What {@link #transferBegan} told of is over. */
    public void transferEnded(Direction direction) {
        transfers.ended(direction);
    }

    /** What has begun and not ended: for puts the chunks, for gets the calls. */
    public int underWay(Direction direction) {
        return transfers.underWay(direction);
    }

    /** A chunk was moved between a region and the disk: this much in place, this much through the daemon's memory. */
    public void movedInRegion(Direction direction, long inPlaceBytes, long copiedBytes) {
        transfers.movedInRegion(direction, inPlaceBytes, copiedBytes);
    }

    /** A get found this many bytes in memory, or on their way to it, for another one. */
    public void sharedRead(long bytes) {
        transfers.sharedRead(bytes);
    }

    /** Somebody waited for memory, and got it or not. */
    public void waitedForMemory(Direction direction, boolean granted, long nanos) {
        transfers.waited(direction, granted, nanos);
    }

    /** To be told by the RESP door what it does. */
    public RespMeters resp() {
        return resp;
    }

    /** To be told by the lm door what it does. */
    public LmMeters lm() {
        return lm;
    }

    /** To be told by the store what it does. */
    public StoreListener storeListener() {
        return store;
    }

    /** How far the store's start is, for people; empty before it reads segments. */
    public String recovering() {
        return store.recovering();
    }

    /** Shows the memory for payload, in bytes, and how many callers wait for it. Once. */
    public void bindSlabs(LongSupplier totalBytes, LongSupplier usedBytes, IntSupplier waiters) {
        meters.gauge(Metric.MEMORY_SIZE_BYTES, totalBytes::getAsLong);
        meters.gauge(Metric.MEMORY_USED_BYTES, usedBytes::getAsLong);
        meters.gauge(Metric.MEMORY_WAITERS, waiters::getAsInt);
    }

    /** Shows how many regions of a kind there are, their size in bytes, and how many ended idle and busy. Once a kind. */
    public void bindRegions(
            String kind, IntSupplier count, LongSupplier bytes, LongSupplier endedIdle, LongSupplier endedBusy) {
        meters.gauge(Metric.REGIONS, count::getAsInt, kind);
        meters.gauge(Metric.REGION_SIZE_BYTES, bytes::getAsLong, kind);
        meters.counter(Metric.REGIONS_ENDED_TOTAL, endedIdle::getAsLong, kind, "idle");
        meters.counter(Metric.REGIONS_ENDED_TOTAL, endedBusy::getAsLong, kind, "busy");
    }

    /** Shows whether the daemon drains. Once. */
    public void bindDrain(BooleanSupplier draining) {
        meters.gauge(Metric.DRAINING, () -> draining.getAsBoolean() ? 1 : 0);
    }

    /**
     * Shows the store. Once.
     *
     * @param stats asked once a scrape
     * @param fileSystemAvailableBytes what the file system has left for everybody; -1 where it does not say
     */
    public void bindStore(Supplier<StoreStats> stats, LongSupplier fileSystemAvailableBytes) {
        storeStats.bind(stats);
        store.bind(storeStats, fileSystemAvailableBytes);
    }

    /**
     * Shows the daemon's certificate. Once.
     *
     * @param mistaken whether the files that lie there now are of no use
     */
    public void bindCertificates(
            Supplier<Instant> expiry, LongSupplier loaded, LongSupplier refused, BooleanSupplier mistaken) {
        meters.gauge(
                Metric.TLS_CERTIFICATE_EXPIRY_TIMESTAMP_SECONDS,
                () -> expiry.get().getEpochSecond());
        meters.counter(Metric.TLS_RELOADS_TOTAL, loaded::getAsLong, "loaded");
        meters.counter(Metric.TLS_RELOADS_TOTAL, refused::getAsLong, "refused");
        meters.gauge(Metric.TLS_FILES_REFUSED, () -> mistaken.getAsBoolean() ? 1 : 0);
    }

    /** Shows how many calls only admins may make were let in, and how many calls were refused. Once. */
    public void bindAudit(LongSupplier admitted, LongSupplier refused) {
        meters.counter(Metric.AUDIT_ADMIN_CALLS_TOTAL, admitted::getAsLong);
        meters.counter(Metric.AUDIT_REFUSED_TOTAL, refused::getAsLong);
    }

    /** Shows a tenant, and what its records take. Once for each. */
    public void bindTenant(Tenant tenant, LongSupplier usedBytes) {
        String name = tenant.name();
        meters.gauge(Metric.TENANT_USED_BYTES, usedBytes::getAsLong, name);
        meters.gauge(Metric.TENANT_QUOTA_BYTES, () -> tenant.limits().quotaBytes(), name);
        meters.gauge(Metric.TENANT_IN_FLIGHT_BYTES, tenant::inFlightBytes, name);
        meters.counter(Metric.TENANT_SHED_PUTS_TOTAL, tenant::shedPuts, name);
        meters.counter(Metric.TENANT_REFUSED_GETS_TOTAL, tenant::refusedGets, name);
    }

    /** Shows the scrubs. Once. */
    public void bindScrubs(Supplier<ScrubFigures> scrubs) {
        meters.counter(Metric.SCRUB_RECORDS_TOTAL, () -> scrubs.get().goodRecords(), "good");
        meters.counter(Metric.SCRUB_RECORDS_TOTAL, () -> scrubs.get().badRecords(), "bad");
        meters.counter(Metric.SCRUB_RECORDS_TOTAL, () -> scrubs.get().unreadRecords(), "unread");
        meters.counter(Metric.SCRUB_BYTES_TOTAL, () -> scrubs.get().bytes());
        meters.gauge(Metric.SCRUB_RUNNING, () -> scrubs.get().running() ? 1 : 0);
        meters.gauge(Metric.SCRUB_PROGRESS_RATIO, () -> scrubs.get().progress());
        meters.gauge(
                Metric.SCRUB_COMPLETED_TIMESTAMP_SECONDS, () -> scrubs.get().completedMillis() / MILLIS_PER_SECOND);
    }

    /** Shows the engine's own figures. Once. */
    public void bindIo(IoPath path, IoStats reads, IoStats writes) {
        io.bindPath(path);
        io.bind(path, READ, reads);
        io.bind(path, WRITE, writes);
    }

    /** Shows how the disk does. Once. */
    public void bindDisk(Supplier<FlowStats> reads, Supplier<FlowStats> writes) {
        io.bindDisk(READ, reads);
        io.bindDisk(WRITE, writes);
    }

    /**
     * Shows the way of GPU memory, and the figures of what moves it, if anything does. Once.
     *
     * @param reason why it is this way
     */
    public void bindGpus(String path, String reason, Optional<GpuFigures> figures) {
        gpus.bindPath(path, reason);
        figures.ifPresent(gpus::bind);
    }

    /**
     * Shows what the chunks lie on. Once.
     *
     * @param type the file system's name
     * @param layout what became of the stripe layout
     */
    public void bindFileSystem(String type, Supplier<DirectoryLayout.Outcome> layout) {
        io.bindFileSystem(type);
        io.bindLayout(layout);
    }

    /** The daemon is up. Once. */
    public void started(String version, long epoch, Duration startDuration) {
        Info.builder()
                .name(Metric.BUILD_INFO.prometheusName())
                .help(Metric.BUILD_INFO.meaning())
                .labelNames(Metric.BUILD_INFO.labels().toArray(String[]::new))
                .register(registry.getPrometheusRegistry())
                .setLabelValues(version, Runtime.version().toString());
        meters.gauge(Metric.EPOCH, () -> epoch);
        meters.gauge(Metric.START_DURATION_SECONDS, () -> startDuration.toNanos() / NANOS_PER_SECOND);
    }

    /** Whether puts and gets are served from now on. */
    public void ready(boolean served) {
        ready = served;
    }

    /** The totals that {@code kvstore stat} shows. */
    public DaemonCounters counters() {
        return new DaemonCounters(
                transfers.count(PutStatus.PUT_STATUS_STORED),
                transfers.count(GetStatus.GET_STATUS_HIT),
                transfers.count(GetStatus.GET_STATUS_MISS),
                store.evictedChunks(),
                store.corruptRecords());
    }

    /** Clients whose hashes differ from this daemon's, since the start. */
    public long hashesThatDiffer() {
        return calls.hashesThatDiffer();
    }

    /** What was done since the start. */
    public Totals totals() {
        return new Totals(
                transfers.count(GetStatus.GET_STATUS_HIT),
                transfers.count(GetStatus.GET_STATUS_MISS),
                transfers.bytes(GetStatus.GET_STATUS_HIT),
                transfers.count(PutStatus.PUT_STATUS_STORED),
                transfers.count(PutStatus.PUT_STATUS_ALREADY_STORED),
                transfers.bytes(PutStatus.PUT_STATUS_STORED),
                calls.lookupKeys(),
                calls.lookupFoundKeys(),
                io.bytes(READ),
                io.bytes(WRITE),
                store.evictedBytes(),
                transfers.misses(),
                transfers.refusals(),
                transfers.hitLatencies(),
                transfers.storedLatencies(),
                calls.lookupLatencies());
    }

    /** Everything, in Prometheus' text format. */
    public String scrape() {
        storeStats.refresh();
        return registry.scrape();
    }

    /** Forgets all. Reporting afterwards has no effect. */
    @Override
    public void close() {
        collections.close();
        registry.close();
    }
}
