package kvstore.server.metrics;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;
import kvstore.api.IoFailure;
import kvstore.api.IoPath;
import kvstore.lustre.DirectoryLayout;
import kvstore.lustre.IoStats;
import kvstore.server.io.FlowStats;

/** The engine's own figures, one direction at a time. */
final class IoMeters {
    private static final double NANOS_PER_SECOND = 1e9;

    private final Meters meters;

    /** Bytes moved since the start, by direction. */
    private final Map<String, LongSupplier> moved = new ConcurrentHashMap<>();

    IoMeters(Meters meters) {
        this.meters = meters;
    }

    void bindPath(IoPath inUse) {
        for (IoPath path : IoPath.values()) {
            meters.gauge(Metric.IO_PATH, () -> path == inUse ? 1 : 0, path.label());
        }
    }

    void bindFileSystem(String type) {
        meters.gauge(Metric.IO_FILE_SYSTEM, () -> 1, type);
    }

    void bindLayout(Supplier<DirectoryLayout.Outcome> now) {
        for (DirectoryLayout.Outcome outcome : DirectoryLayout.Outcome.values()) {
            meters.gauge(Metric.LUSTRE_LAYOUT, () -> now.get() == outcome ? 1 : 0, outcome.label());
        }
    }

    long bytes(String direction) {
        return moved.getOrDefault(direction, () -> 0).getAsLong();
    }

    void bind(IoPath path, String direction, IoStats stats) {
        moved.put(direction, stats::bytes);
        meters.counter(Metric.IO_OPERATIONS_TOTAL, stats::operations, path.label(), direction);
        meters.counter(Metric.IO_BYTES_TOTAL, stats::bytes, path.label(), direction);
        meters.counter(Metric.IO_CONTINUATIONS_TOTAL, stats::continuations, direction);
        meters.counter(Metric.IO_REOPENS_TOTAL, stats::reopens, direction);
        meters.counter(Metric.IO_RETRIES_TOTAL, stats::retries, direction);
        meters.gauge(Metric.IO_QUEUED, stats::queued, direction);
        meters.gauge(Metric.IO_RUNNING, stats::running, direction);
        seconds(Metric.IO_QUEUED_SECONDS_TOTAL, stats, IoStats::queuedNanos, direction);
        seconds(Metric.IO_RUN_SECONDS_TOTAL, stats, IoStats::runNanos, direction);
        for (IoFailure.Kind kind : IoFailure.Kind.values()) {
            meters.counter(Metric.IO_FAILURES_TOTAL, () -> stats.failures(kind), direction, kind.label());
        }
    }

    void bindDisk(String direction, Supplier<FlowStats> stats) {
        meters.gauge(Metric.IO_OUTSTANDING_BYTES, () -> stats.get().outstandingBytes(), direction);
        meters.gauge(Metric.IO_BUSY_BYTES_PER_SECOND, () -> stats.get().bytesPerSecond(), direction);
        meters.gauge(Metric.IO_OVERDUE, () -> stats.get().overdue(), direction);
        meters.gauge(Metric.IO_BREAKER_OPEN, () -> stats.get().open() ? 1 : 0, direction);
        meters.counter(Metric.IO_BREAKER_OPENED_TOTAL, () -> stats.get().opened(), direction);
        meters.counter(Metric.IO_REFUSED_TOTAL, () -> stats.get().refused(), direction);
    }

    private void seconds(Metric metric, IoStats stats, ToDoubleFunction<IoStats> nanos, String direction) {
        meters.counter(metric, () -> nanos.applyAsDouble(stats) / NANOS_PER_SECOND, direction);
    }
}
