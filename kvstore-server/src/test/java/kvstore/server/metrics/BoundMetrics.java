package kvstore.server.metrics;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Supplier;
import kvstore.api.IoFailure;
import kvstore.gds.GpuStats;
import kvstore.gds.ServedGpu;
import kvstore.lustre.DirectoryLayout;
import kvstore.lustre.EngineConfig;
import kvstore.lustre.PosixEngine;
import kvstore.server.identity.Tenants;
import kvstore.server.io.FlowStats;
import kvstore.store.CapacityState;
import kvstore.store.CapacityStats;
import kvstore.store.DirectoryStats;
import kvstore.store.RecoveryReport;
import kvstore.store.StoreStats;

/** Metrics with everything bound to them that a daemon binds. */
final class BoundMetrics {
    private BoundMetrics() {}

    static PosixEngine engine(Path directory) throws IoFailure {
        return PosixEngine.open(new EngineConfig(1, 1, EngineConfig.DirectMode.OFF), directory);
    }

    static StoreStats stats() {
        return new StoreStats(
                new CapacityStats(100, 90, 15, 25, CapacityState.SHRINKING),
                10,
                80,
                70,
                9,
                2,
                1,
                3,
                4,
                4000,
                5,
                60,
                12,
                6,
                List.of(new DirectoryStats(
                        Path.of("/pool"), "", new CapacityStats(100, 90, 15, 25, CapacityState.OK), 9)),
                new RecoveryReport(50, 8, 1, 2, 1, 1, 0, 1500));
    }

    static void bindAll(DaemonMetrics metrics, PosixEngine engine, Supplier<StoreStats> stats) {
        metrics.bindDrain(() -> false);
        metrics.bindSlabs(() -> 1000, () -> 400, () -> 6);
        metrics.bindRegions("host", () -> 2, () -> 3000, () -> 4, () -> 1);
        metrics.bindStore(stats, () -> 12345);
        metrics.bindCertificates(() -> Instant.EPOCH, () -> 1, () -> 2, () -> true);
        Tenants.single().watch(tenant -> metrics.bindTenant(tenant, () -> 7));
        metrics.bindAudit(() -> 3, () -> 4);
        metrics.bindScrubs(() -> new ScrubFigures(21, 22, 23, 24, true, 0.5, 25_000));
        metrics.bindIo(engine.path(), engine.reads(), engine.writes());
        GpuFigures gpus = new GpuFigures(
                new GpuStats(),
                new GpuStats(),
                () -> false,
                () -> 0,
                List.of(new ServedGpu(new UUID(1, 2), "GPU", 5, 6)));
        metrics.bindGpus("staged", "no nvidia-fs here", Optional.of(gpus));
        FlowStats flow = new FlowStats(5, 6, 7, 1, true, "trouble", 2, 3);
        metrics.bindDisk(() -> flow, () -> flow);
        metrics.bindFileSystem("lustre", () -> DirectoryLayout.Outcome.KEPT);
        metrics.started("1.2.3", 7, Duration.ofMillis(2500));
    }
}
