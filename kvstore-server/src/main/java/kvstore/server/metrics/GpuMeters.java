package kvstore.server.metrics;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import kvstore.api.IoFailure;
import kvstore.gds.GpuPath;
import kvstore.gds.GpuStats;
import kvstore.gds.ServedGpu;

/** The way of GPU memory. */
final class GpuMeters {
    private static final String UNAVAILABLE = "unavailable";

    /** A reason has file names and what the driver says in it; as a label it stays short. */
    private static final int REASON_CHARS_MAX = 160;

    private final Meters meters;

    GpuMeters(Meters meters) {
        this.meters = meters;
    }

    /** One series for each path, and one that has the reason: it is found once a start, so there are never two. */
    void bindPath(String inUse, String reason) {
        List<String> paths = Stream.concat(Arrays.stream(GpuPath.values()).map(GpuPath::label), Stream.of(UNAVAILABLE))
                .toList();
        for (String path : paths) {
            meters.gauge(Metric.GPU_PATH, () -> path.equals(inUse) ? 1 : 0, path);
        }
        String shown = reason.length() <= REASON_CHARS_MAX ? reason : reason.substring(0, REASON_CHARS_MAX);
        meters.gauge(Metric.GPU_PATH_REASON, () -> 1, inUse, shown);
    }

    void bind(GpuFigures figures) {
        bind("read", figures.reads());
        bind("write", figures.writes());
        meters.gauge(Metric.GPU_BREAKER_OPEN, () -> figures.breakerOpen().getAsBoolean() ? 1 : 0);
        meters.counter(
                Metric.GPU_BREAKER_OPENED_TOTAL, () -> figures.breakerOpened().getAsLong());
        for (ServedGpu gpu : figures.gpus()) {
            meters.gauge(Metric.GPU_MEMORY_BYTES, gpu::memoryBytes, gpu.uuid().toString(), "device");
            meters.gauge(
                    Metric.GPU_MEMORY_BYTES, gpu::hostMemoryBytes, gpu.uuid().toString(), "pinned_host");
        }
    }

    private void bind(String direction, GpuStats stats) {
        meters.counter(Metric.GPU_OPERATIONS_TOTAL, stats::operations, direction);
        meters.counter(Metric.GPU_BYTES_TOTAL, stats::cuFileBytes, "cufile", direction);
        meters.counter(Metric.GPU_BYTES_TOTAL, stats::stagedBytes, "staged", direction);
        meters.counter(Metric.GPU_FALLBACKS_TOTAL, stats::fallbackCount, direction);
        meters.gauge(Metric.GPU_RUNNING, stats::underWay, direction);
        for (IoFailure.Kind kind : IoFailure.Kind.values()) {
            meters.counter(Metric.GPU_FAILURES_TOTAL, () -> stats.failures(kind), direction, kind.label());
        }
    }
}
