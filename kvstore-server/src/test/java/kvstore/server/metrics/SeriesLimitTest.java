package kvstore.server.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Status;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import kvstore.api.IoFailure;
import kvstore.lustre.PosixEngine;
import kvstore.store.EvictionTrigger;
import kvstore.store.ReinsertionRefusal;
import kvstore.store.SegmentDamage;
import kvstore.store.ShedReason;
import kvstore.store.StoreListener;
import kvstore.v1.GetStatus;
import kvstore.v1.MissReason;
import kvstore.v1.PutReason;
import kvstore.v1.PutStatus;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whatever happens, and whatever clients make up, the number of series stays below what the reference page says. */
final class SeriesLimitTest {
    /** What one daemon may cost a Prometheus at the very most. */
    private static final int SERIES_MAX = 15_000;

    @TempDir
    private Path directory;

    @Test
    void noMetricHasMoreSeriesThanDocumented() throws Exception {
        try (DaemonMetrics metrics = new DaemonMetrics();
                PosixEngine engine = BoundMetrics.engine(directory)) {
            BoundMetrics.bindAll(metrics, engine, BoundMetrics::stats);
            everythingHappens(metrics);

            Map<String, Long> series = metrics.scrape()
                    .lines()
                    .filter(line -> !line.startsWith("#"))
                    .map(line -> line.split("[{ ]", 2)[0])
                    .collect(Collectors.groupingBy(Function.identity(), Collectors.counting()));
            for (Metric metric : Metric.values()) {
                boolean histogram = metric.kind() == Metric.Kind.HISTOGRAM;
                String name = metric.prometheusName() + (histogram ? "_count" : "");
                assertThat(series.get(name))
                        .as(name)
                        .isBetween(1L, SeriesLimit.of(metric) + 1L); // one more for what is beyond
            }
            assertThat(series.values().stream().mapToLong(Long::longValue).sum())
                    .isLessThan(SERIES_MAX);
        }
    }

    @Test
    void whatIsBeyondTheLimitIsCountedTogether() {
        try (DaemonMetrics metrics = new DaemonMetrics()) {
            StoreListener store = metrics.storeListener();
            for (int i = 0; i < 1_000; i++) {
                store.ioFailed("made up " + i, new IoFailure(IoFailure.Kind.IO, 5, "EIO"));
            }
            List<String> counted = metrics.scrape()
                    .lines()
                    .filter(line -> line.startsWith("kvstore_store_io_failures_total{"))
                    .toList();
            assertThat(counted).hasSize(SeriesLimit.of(Metric.STORE_IO_FAILURES_TOTAL) + 1);
            assertThat(counted.stream()
                            .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                            .sum())
                    .isEqualTo(1_000);
        }
    }

    private static void everythingHappens(DaemonMetrics metrics) {
        for (int i = 0; i < 1_000; i++) {
            metrics.rpc(Rpc.of("kvstore.v1.KvStore/Hostile" + i), Status.Code.UNIMPLEMENTED, 1);
            metrics.resp().ended(RespCommand.of("HOSTILE" + i), RespOutcome.ERROR, 1);
            metrics.lm().ended(LmCommand.of(1_000 + i), LmOutcome.ERROR, 1);
            metrics.storeListener().ioFailed("made up " + i, new IoFailure(IoFailure.Kind.IO, 5, "EIO"));
        }
        for (Rpc rpc : Rpc.values()) {
            Arrays.stream(Status.Code.values()).forEach(code -> metrics.rpc(rpc, code, 1));
        }
        for (RespCommand command : RespCommand.values()) {
            Arrays.stream(RespOutcome.values())
                    .forEach(outcome -> metrics.resp().ended(command, outcome, 1));
        }
        for (LmCommand command : LmCommand.values()) {
            Arrays.stream(LmOutcome.values()).forEach(outcome -> metrics.lm().ended(command, outcome, 1));
        }
        for (PutStatus status : PutStatus.values()) {
            Arrays.stream(PutReason.values()).forEach(reason -> metrics.put(status, reason, 1, 1));
        }
        for (GetStatus status : GetStatus.values()) {
            Arrays.stream(MissReason.values()).forEach(reason -> metrics.get(status, reason, 1, 1));
        }
        for (Direction direction : Direction.values()) {
            metrics.transferBegan(direction);
            metrics.waitedForMemory(direction, true, 1);
            metrics.waitedForMemory(direction, false, 1);
            metrics.movedInRegion(direction, 1, 1);
        }
        StoreListener store = metrics.storeListener();
        Arrays.stream(ShedReason.values()).forEach(store::shed);
        Arrays.stream(EvictionTrigger.values()).forEach(store::madeRoom);
        Arrays.stream(SegmentDamage.values()).forEach(store::segmentDamaged);
        Arrays.stream(ReinsertionRefusal.values()).forEach(reason -> store.reinsertionRefused(reason, 1));
        store.evicted(1, 1, 1, 1);
        store.expired(1, 1, 1, 1);
        for (IoFailure.Kind kind : IoFailure.Kind.values()) {
            for (String operation : List.of("create", "header", "seal", "tombstone", "index", "delete", "open")) {
                store.ioFailed(operation, new IoFailure(kind, 5, "failed"));
            }
        }
    }
}
