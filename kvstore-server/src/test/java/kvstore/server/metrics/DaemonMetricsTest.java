package kvstore.server.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Status;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import kvstore.api.Blocks;
import kvstore.api.HostBuffer;
import kvstore.api.IoFile;
import kvstore.lustre.PosixEngine;
import kvstore.store.EvictionTrigger;
import kvstore.store.ReinsertionRefusal;
import kvstore.store.SegmentDamage;
import kvstore.store.ShedReason;
import kvstore.v1.AdminGrpc;
import kvstore.v1.GetStatus;
import kvstore.v1.KvStoreGrpc;
import kvstore.v1.MissReason;
import kvstore.v1.PutReason;
import kvstore.v1.PutStatus;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class DaemonMetricsTest {
    private static final long MILLISECOND = TimeUnit.MILLISECONDS.toNanos(1);

    @TempDir
    private Path directory;

    private final DaemonMetrics metrics = new DaemonMetrics();

    @AfterEach
    void close() {
        metrics.close();
    }

    @Test
    void calls() {
        metrics.rpc(Rpc.of(KvStoreGrpc.getPutMethod().getFullMethodName()), Status.Code.OK, 3 * MILLISECOND);
        metrics.rpc(Rpc.PUT, Status.Code.DEADLINE_EXCEEDED, 3 * MILLISECOND);
        metrics.rpc(Rpc.of("made.up/By-a-client"), Status.Code.UNIMPLEMENTED, MILLISECOND);

        shows("kvstore_rpc_total{code=\"ok\",rpc=\"put\"} 1.0");
        shows("kvstore_rpc_total{code=\"deadline_exceeded\",rpc=\"put\"} 1.0");
        shows("kvstore_rpc_total{code=\"unimplemented\",rpc=\"other\"} 1.0");
        shows("kvstore_rpc_seconds_count{rpc=\"put\"} 2");
        shows("kvstore_rpc_seconds_bucket{rpc=\"put\",le=\"0.0025\"} 0");
        shows("kvstore_rpc_seconds_bucket{rpc=\"put\",le=\"0.005\"} 2");
    }

    @Test
    void everyCallHasAName() {
        KvStoreGrpc.getServiceDescriptor()
                .getMethods()
                .forEach(method -> assertThat(Rpc.of(method.getFullMethodName()))
                        .as(method.getFullMethodName())
                        .isNotEqualTo(Rpc.OTHER));
        AdminGrpc.getServiceDescriptor()
                .getMethods()
                .forEach(method -> assertThat(Rpc.of(method.getFullMethodName()))
                        .as(method.getFullMethodName())
                        .isNotEqualTo(Rpc.OTHER));
    }

    @Test
    void lookups() {
        metrics.lookup(10, 7, 4, MILLISECOND);
        metrics.lookup(5, 5, 5, MILLISECOND);

        shows("kvstore_lookup_keys_total 15.0");
        shows("kvstore_lookup_found_keys_total 12.0");
        shows("kvstore_lookup_leading_keys_total 9.0");
        shows("kvstore_lookup_seconds_count 2");
    }

    @Test
    void transfers() {
        metrics.put(PutStatus.PUT_STATUS_STORED, PutReason.PUT_REASON_UNSPECIFIED, 1000, MILLISECOND);
        metrics.put(PutStatus.PUT_STATUS_STORED, PutReason.PUT_REASON_UNSPECIFIED, 24, MILLISECOND);
        metrics.put(PutStatus.PUT_STATUS_SHED, PutReason.PUT_REASON_NO_MEMORY, 5, MILLISECOND);
        metrics.get(GetStatus.GET_STATUS_HIT, MissReason.MISS_REASON_UNSPECIFIED, 2048, MILLISECOND);
        metrics.get(GetStatus.GET_STATUS_MISS, MissReason.MISS_REASON_CORRUPT, 64, MILLISECOND);

        shows("kvstore_put_chunks_total{reason=\"none\",status=\"stored\"} 2.0");
        shows("kvstore_put_chunks_total{reason=\"none\",status=\"already_stored\"} 0.0");
        shows("kvstore_put_chunks_total{reason=\"no_memory\",status=\"shed\"} 1.0");
        shows("kvstore_put_chunks_total{reason=\"bad_key\",status=\"rejected\"} 0.0");
        shows("kvstore_put_bytes_total{status=\"stored\"} 1024.0");
        shows("kvstore_put_seconds_count{status=\"stored\"} 2");
        shows("kvstore_get_chunks_total{reason=\"none\",status=\"hit\"} 1.0");
        shows("kvstore_get_chunks_total{reason=\"corrupt\",status=\"miss\"} 1.0");
        shows("kvstore_get_bytes_total{status=\"hit\"} 2048.0");
        metrics.storeListener().evicted(3, 20, 5000, 1000);
        metrics.storeListener().corrupt("checksum");
        assertThat(metrics.counters()).isEqualTo(new DaemonCounters(2, 1, 1, 20, 1));
    }

    @Test
    void transfersInFlight() {
        metrics.transferBegan(Direction.PUT);
        metrics.transferBegan(Direction.GET);
        metrics.transferBegan(Direction.GET);
        metrics.transferEnded(Direction.PUT);

        shows("kvstore_in_flight_transfers{direction=\"put\"} 0.0");
        shows("kvstore_in_flight_transfers{direction=\"get\"} 2.0");
    }

    @Test
    void waitsForMemory() {
        metrics.waitedForMemory(Direction.PUT, false, 2000 * MILLISECOND);

        shows("kvstore_memory_wait_seconds_sum{direction=\"put\",outcome=\"timed_out\"} 2.0");
        shows("kvstore_memory_wait_seconds_count{direction=\"put\",outcome=\"granted\"} 0");
    }

    @Test
    void storeEvents() {
        metrics.storeListener().shed(ShedReason.NO_SPACE);
        metrics.storeListener().aborted();
        metrics.storeListener().deleted(3);
        metrics.storeListener().evicted(3, 20, 5000, 90_000);
        metrics.storeListener().madeRoom(EvictionTrigger.FLOOR);
        metrics.storeListener().expired(4, 5, 600, 90_000);
        metrics.storeListener().reinserted(700);
        metrics.storeListener().reinsertionRefused(ReinsertionRefusal.BUDGET, 8);
        metrics.storeListener().leaseRefused();
        metrics.storeListener().corrupt("checksum");
        metrics.storeListener().segmentDamaged(SegmentDamage.BAD_INDEX);

        shows("kvstore_store_evictions_total{trigger=\"floor\"} 1.0");
        shows("kvstore_store_evictions_total{trigger=\"no_space\"} 0.0");
        shows("kvstore_store_shed_total{reason=\"no_space\"} 1.0");
        shows("kvstore_store_aborted_total 1.0");
        shows("kvstore_store_deleted_chunks_total 3.0");
        shows("kvstore_store_evicted_segments_total{reason=\"capacity\"} 1.0");
        shows("kvstore_store_evicted_chunks_total{reason=\"capacity\"} 20.0");
        shows("kvstore_store_evicted_bytes_total{reason=\"capacity\"} 5000.0");
        shows("kvstore_store_evicted_segments_total{reason=\"idle\"} 1.0");
        shows("kvstore_store_evicted_chunks_total{reason=\"idle\"} 5.0");
        shows("kvstore_store_reinserted_bytes_total 700.0");
        shows("kvstore_store_reinsertion_refused_chunks_total{reason=\"budget\"} 8.0");
        shows("kvstore_store_leases_refused_total 1.0");
        shows("kvstore_store_eviction_age_seconds_bucket{le=\"60.0\"} 0");
        shows("kvstore_store_eviction_age_seconds_bucket{le=\"300.0\"} 2");
        shows("kvstore_store_corrupt_records_total 1.0");
        shows("kvstore_store_damaged_segments_total{damage=\"bad-index\"} 1.0");
        shows("kvstore_store_damaged_segments_total{damage=\"unreadable\"} 0.0");
    }

    @Test
    void whatIsBound() throws Exception {
        try (PosixEngine engine = BoundMetrics.engine(directory);
                Arena arena = Arena.ofShared();
                IoFile file = engine.create(directory.resolve("x"), Blocks.BLOCK_BYTES)) {
            BoundMetrics.bindAll(metrics, engine, BoundMetrics::stats);
            metrics.ready(true);
            file.write(0, new HostBuffer(arena.allocate(Blocks.BLOCK_BYTES, Blocks.BLOCK_BYTES)))
                    .get();

            shows("kvstore_ready 1.0");
            shows("kvstore_epoch 7.0");
            shows("kvstore_start_duration_seconds 2.5");
            shows("kvstore_memory_size_bytes 1000.0");
            shows("kvstore_memory_used_bytes 400.0");
            shows("kvstore_memory_waiters 6.0");
            shows("kvstore_store_capacity_bytes 100.0");
            shows("kvstore_store_segments{state=\"quarantined\"} 1.0");
            shows("kvstore_store_recovery_seconds 1.5");
            shows("kvstore_store_file_system_available_bytes 12345.0");
            shows("kvstore_io_path{path=\"buffered\"} 1.0");
            shows("kvstore_io_path{path=\"odirect\"} 0.0");
            shows("kvstore_io_bytes_total{direction=\"write\",path=\"buffered\"} 65536.0");
            shows("kvstore_io_failures_total{direction=\"read\",kind=\"io\"} 0.0");
            assertThat(metrics.scrape())
                    .containsPattern("kvstore_build_info\\{java=\"25[^\"]*\",version=\"1.2.3\"} 1")
                    .contains("jvm_memory_used_bytes", "jvm_gc_", "jvm_threads_", "process_files_open_files");
        }
    }

    @Test
    void storeIsAskedOnceAScrape() throws Exception {
        AtomicInteger asked = new AtomicInteger();
        try (PosixEngine engine = BoundMetrics.engine(directory)) {
            BoundMetrics.bindAll(metrics, engine, () -> {
                asked.incrementAndGet();
                return BoundMetrics.stats();
            });
            asked.set(0);
            metrics.scrape();
            metrics.scrape();
        }
        assertThat(asked).hasValue(2);
    }

    private void shows(String line) {
        assertThat(metrics.scrape().lines()).contains(line);
    }
}
