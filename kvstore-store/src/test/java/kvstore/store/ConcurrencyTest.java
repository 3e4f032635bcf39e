package kvstore.store;

import static kvstore.store.StoreHarness.BLOCK;
import static kvstore.store.StoreHarness.value;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import kvstore.api.ChunkKey;
import kvstore.api.IoFailure;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Many callers at once, on virtual threads, with the real background. */
@Timeout(60)
final class ConcurrencyTest {
    private static final Duration WAIT = Duration.ofSeconds(30);

    @TempDir
    Path directory;

    private final NioEngine engine = new NioEngine();
    private final RecordingListener listener = new RecordingListener();
    private StoreConfig config;
    private ChunkStore store;

    @BeforeEach
    void open() throws StoreException {
        config = StoreHarness.config(directory.resolve("pool"), 8 * StoreHarness.SEGMENT);
        store = ChunkStore.open(config, engine, listener);
    }

    @AfterEach
    void close() {
        store.close();
        engine.close();
    }

    private static void together(int threads, Callable<?> task) throws Exception {
        try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<?>> all = new ArrayList<>();
            for (int i = 0; i < threads; i++) {
                all.add(executor.submit(task));
            }
            for (Future<?> each : all) {
                each.get();
            }
        }
    }

    @Test
    void onePutOfAKeyWins() throws Exception {
        for (int round = 0; round < 50; round++) {
            ChunkKey key = ChunkKey.of("k" + round);
            byte[] bytes = value(round, BLOCK + round);
            AtomicInteger written = new AtomicInteger();
            together(16, () -> {
                put(key, bytes, written);
                return null;
            });
            assertThat(written).hasValue(1);
            assertThat(get(key)).isEqualTo(bytes);
        }
        assertThat(listener.stored).hasValue(50);
    }

    @Test
    void aChangingStoreNeverShowsWrongBytes() throws Exception {
        AtomicInteger seeds = new AtomicInteger();
        AtomicInteger hits = new AtomicInteger();
        together(12, () -> {
            Random random = new Random(seeds.incrementAndGet());
            for (int i = 0; i < 400; i++) {
                int n = random.nextInt(60);
                ChunkKey key = ChunkKey.of("k" + n);
                switch (random.nextInt(8)) {
                    case 0, 1, 2 -> put(key, value(n, 1 + random.nextInt(3) * BLOCK), new AtomicInteger());
                    case 3 -> store.delete(key);
                    case 4 -> store.release(store.lookup(keys(), "", 1000).leaseId());
                    case 5 ->
                        assertThat(store.list(10, "", new byte[0]).unreadableSegments())
                                .isZero();
                    default -> {
                        byte[] found = get(key);
                        if (found != null) {
                            assertThat(found).isEqualTo(value(n, found.length));
                            hits.incrementAndGet();
                        }
                    }
                }
            }
            return null;
        });
        assertThat(hits).hasPositiveValue();
        assertThat(listener.corrupt).isEmpty();
        assertThat(listener.damage).isEmpty();
        assertThat(listener.evictedSegments).isNotEmpty();
        StoreStats stats = store.stats();
        assertThat(stats.usedBytes()).isLessThanOrEqualTo(8 * StoreHarness.SEGMENT);
        assertThat(stats.leases()).isZero();
        assertThat(stats.putsInFlight()).isZero();
        store.close();
        store = ChunkStore.open(config, engine, listener);
        assertThat(store.stats().recovery().chunks()).isEqualTo(stats.chunks());
        assertThat(store.stats().recovery().scannedSegments()).isZero();
    }

    @Test
    void aWaitingPutGetsItsSegmentWhenALeaseEnds() throws Exception {
        int n = 0;
        List<Long> leases = new ArrayList<>();
        while (store.reserve(ChunkKey.of("k" + n), 2 * BLOCK, "", Duration.ofMillis(50))
                instanceof ReserveResult.Reserved(Reservation reservation)) {
            try (reservation) {
                reservation.commit(StoreHarness.write(reservation, value(n, 2 * BLOCK)));
            }
            leases.add(store.lookup(List.of(ChunkKey.of("k" + n++)), "", 60_000).leaseId());
        }
        Future<ReserveResult> waiting;
        try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
            waiting = executor.submit(() -> store.reserve(ChunkKey.of("late"), 2 * BLOCK, "", WAIT));
            leases.forEach(store::release);
        }
        assertThat(waiting.get())
                .isInstanceOfSatisfying(
                        ReserveResult.Reserved.class, r -> r.reservation().close());
    }

    @Test
    void closingWhilePutsRun() throws Exception {
        AtomicInteger acknowledged = new AtomicInteger();
        try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<?>> all = new ArrayList<>();
            for (int t = 0; t < 8; t++) {
                int thread = t;
                all.add(executor.submit(() -> {
                    for (int i = 0; i < 1000; i++) {
                        ReserveResult result = store.reserve(ChunkKey.of("t" + thread + "-" + i), 100, "", WAIT);
                        if (!(result instanceof ReserveResult.Reserved(Reservation reservation))) {
                            assertThat(((ReserveResult.Refused) result).reason())
                                    .isEqualTo(ShedReason.STOPPING);
                            return;
                        }
                        try (reservation) {
                            reservation.commit(StoreHarness.write(reservation, value(i, 100)));
                            acknowledged.incrementAndGet();
                        } catch (IoFailure e) {
                            assertThat(e.kind()).isEqualTo(IoFailure.Kind.CLOSED);
                        }
                    }
                }));
            }
            while (acknowledged.get() < 30) {
                Thread.onSpinWait();
            }
            store.close();
            for (Future<?> each : all) {
                each.get();
            }
        }
        long evicted = listener.evictedChunks.get(); // not what the next start evicts for its first segment
        store = ChunkStore.open(config, engine, listener);
        assertThat(store.stats().recovery().scannedSegments()).isZero();
        assertThat(store.stats().recovery().chunks() + evicted).isEqualTo(acknowledged.get());
    }

    private static List<ChunkKey> keys() {
        return IntStream.range(0, 20).mapToObj(i -> ChunkKey.of("k" + i)).toList();
    }

    private void put(ChunkKey key, byte[] bytes, AtomicInteger written) throws Exception {
        while (true) {
            switch (store.reserve(key, bytes.length, "", WAIT)) {
                case ReserveResult.Reserved(Reservation reservation) -> {
                    try (reservation) {
                        reservation.commit(StoreHarness.write(reservation, bytes));
                        written.incrementAndGet();
                    }
                    return;
                }
                case ReserveResult.InFlight(var committed) -> committed.join();
                case ReserveResult.AlreadyStored _ -> {
                    return;
                }
                case ReserveResult.Refused refused -> throw new AssertionError(refused.toString());
            }
        }
    }

    private byte @Nullable [] get(ChunkKey key) {
        if (!(store.pin(key) instanceof PinResult.Pinned(PinnedChunk chunk))) {
            return null;
        }
        try (chunk) {
            return StoreHarness.read(chunk);
        }
    }
}
