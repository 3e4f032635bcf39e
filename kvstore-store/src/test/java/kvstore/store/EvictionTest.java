package kvstore.store;

import static kvstore.store.StoreHarness.BLOCK;
import static kvstore.store.StoreHarness.SEGMENT;
import static kvstore.store.StoreHarness.value;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import kvstore.api.ChunkKey;
import kvstore.store.FaultyEngine.Call;
import kvstore.store.FaultyEngine.Fault;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Capacity, eviction, and what protects from it. */
final class EvictionTest {
    private static final int LENGTH = 2 * BLOCK;

    @TempDir
    Path directory;

    private StoreHarness harness;

    @BeforeEach
    void open() throws StoreException {
        harness = new StoreHarness(directory.resolve("pool"), 4);
    }

    @AfterEach
    void close() {
        harness.close();
    }

    private void fill(int from, int to) {
        for (int i = from; i < to; i++) {
            assertThat(harness.put("k" + i, value(i, LENGTH))).isTrue();
            assertThat(harness.bytesOnDisk()).isLessThanOrEqualTo(StoreHarness.capacity(4));
        }
    }

    @Test
    void theOldestGoesAndTheCapacityHolds() throws Exception {
        fill(0, 50);
        assertThat(harness.get("k0")).isNull();
        assertThat(harness.get("k49")).isEqualTo(value(49, LENGTH));
        assertThat(harness.listener.evictedSegments).isSorted().hasSizeGreaterThan(5);
        long present = harness.store.stats().chunks();
        assertThat(harness.listener.evictedChunks.get() + present).isEqualTo(50);
        assertThat(harness.listener.evictedBytes.get()).isEqualTo((50 - present) * LENGTH);
        assertThat(harness.store.stats().usedBytes()).isBetween(harness.bytesOnDisk(), StoreHarness.capacity(4));
        harness.crash();
        assertThat(harness.store.stats().recovery().chunks()).isEqualTo(present);
        assertThat(harness.get("k49")).isEqualTo(value(49, LENGTH));
    }

    @Test
    void aPinProtects() {
        fill(0, 1);
        try (PinnedChunk chunk = ((PinResult.Pinned) harness.store.pin(ChunkKey.of("k0"))).chunk()) {
            fill(1, 30);
            assertThat(StoreHarness.read(chunk)).isEqualTo(value(0, LENGTH));
        }
        assertThat(harness.get("k0")).isEqualTo(value(0, LENGTH));
        fill(30, 50);
        assertThat(harness.get("k0")).isNull();
    }

    @Test
    void aLeaseProtectsUntilItEnds() {
        fill(0, 1);
        LookupResult lease = harness.store.lookup(List.of(ChunkKey.of("k0")), "", 1_000_000);
        assertThat(lease.leaseId()).isNotZero();
        assertThat(lease.leaseMillis()).isEqualTo(60_000);
        fill(1, 30);
        assertThat(harness.get("k0")).isEqualTo(value(0, LENGTH));
        harness.nanos.addAndGet(TimeUnit.MILLISECONDS.toNanos(60_001));
        fill(30, 50);
        assertThat(harness.get("k0")).isNull();
        assertThat(harness.store.stats().leases()).isZero();
        harness.store.release(lease.leaseId());
    }

    @Test
    void releaseEndsALease() {
        fill(0, 1);
        LookupResult lease = harness.store.lookup(List.of(ChunkKey.of("k0")), "", 1000);
        harness.store.release(lease.leaseId());
        harness.store.release(lease.leaseId());
        harness.store.release(4711);
        fill(1, 30);
        assertThat(harness.get("k0")).isNull();
    }

    @Test
    void leasesAreBoundedInNumber() {
        fill(0, 1);
        for (int i = 0; i < 100; i++) {
            assertThat(harness.store
                            .lookup(List.of(ChunkKey.of("k0")), "", 1000)
                            .leaseId())
                    .isNotZero();
        }
        LookupResult refused = harness.store.lookup(List.of(ChunkKey.of("k0")), "", 1000);
        assertThat(refused.leaseId()).isZero();
        assertThat(refused.leadingHits()).isEqualTo(1);
        harness.nanos.addAndGet(TimeUnit.SECONDS.toNanos(2));
        assertThat(harness.store.lookup(List.of(ChunkKey.of("k0")), "", 1000).leaseId())
                .isNotZero();
    }

    @Test
    void whenAllIsLeasedPutsAreRefusedAndRecover() {
        fill(0, 9);
        List<ChunkKey> all =
                IntStream.range(0, 9).mapToObj(i -> ChunkKey.of("k" + i)).toList();
        LookupResult lease = harness.store.lookup(all, "", 10_000);
        int more = 100;
        while (harness.put("k" + more, value(more, LENGTH))) {
            harness.store.lookup(List.of(ChunkKey.of("k" + more++)), "", 10_000);
        }
        assertThat(harness.listener.shed).containsOnly(ShedReason.NO_SPACE).isNotEmpty();
        assertThat(harness.get("k0")).isEqualTo(value(0, LENGTH));
        assertThat(harness.store.delete(ChunkKey.of("k1"))).isTrue();
        harness.store.release(lease.leaseId());
        harness.nanos.addAndGet(TimeUnit.SECONDS.toNanos(1));
        assertThat(harness.put("k" + more, value(more, LENGTH))).isTrue();
        assertThat(harness.bytesOnDisk()).isLessThanOrEqualTo(StoreHarness.capacity(4));
    }

    @Test
    void hiddenRecordsStayHiddenWhenANewerSegmentGoesFirst() throws Exception {
        fill(0, 2);
        harness.put("replaced", value(1, 100));
        harness.put("deleted", value(2, 100));
        try (PinnedChunk pin = ((PinResult.Pinned) harness.store.pin(ChunkKey.of("k0"))).chunk()) {
            fill(2, 6); // into the second segment
            harness.put("replaced", value(3, 200));
            harness.store.delete(ChunkKey.of("deleted"));
            fill(6, 40); // evicts it, while the first must stay
            assertThat(harness.get("replaced")).isNull();
            assertThat(StoreHarness.read(pin)).isEqualTo(value(0, LENGTH));
        }
        harness.crash();
        assertThat(harness.get("k0")).isEqualTo(value(0, LENGTH));
        assertThat(harness.get("replaced")).isNull();
        assertThat(harness.get("deleted")).isNull();
        harness.restart();
        assertThat(harness.get("replaced")).isNull();
    }

    @Test
    void aLoweredCapacityIsKeptFromTheStart() throws Exception {
        harness.close();
        harness.config = StoreHarness.config(harness.pool, StoreHarness.capacity(8));
        harness.open();
        for (int i = 0; i < 40; i++) {
            harness.put("k" + i, value(i, LENGTH));
        }
        assertThat(harness.bytesOnDisk()).isGreaterThan(StoreHarness.capacity(4));
        harness.store.close();
        harness.config = StoreHarness.config(harness.pool, StoreHarness.capacity(4));
        harness.open();
        assertThat(harness.bytesOnDisk()).isLessThanOrEqualTo(StoreHarness.capacity(4));
        assertThat(harness.get("k39")).isEqualTo(value(39, LENGTH));
        assertThat(harness.store.stats().recovery().evictedSegments()).isPositive();
    }

    @Test
    void aFullFileSystemCostsOneSegmentAndThenThePut() {
        fill(0, 8);
        harness.engine.follow((call, _) -> call == Call.CREATE ? Fault.ENOSPC : null);
        int stored = 8;
        while (harness.put("k" + stored, value(stored, LENGTH))) {
            stored++;
        }
        int evicted = harness.listener.evictedSegments.size();
        for (int i = 0; i < 20; i++) {
            assertThat(harness.put("x", value(i, LENGTH))).isFalse();
        }
        // Not one more for each put: nobody tries again for a while.
        assertThat(harness.listener.evictedSegments).hasSize(evicted);
        assertThat(harness.listener.shed).containsOnly(ShedReason.NO_SPACE);
        assertThat(harness.get("k" + (stored - 1))).isEqualTo(value(stored - 1, LENGTH));
        harness.engine.follow(FaultyEngine.NO_FAULTS);
        harness.nanos.addAndGet(TimeUnit.SECONDS.toNanos(2));
        assertThat(harness.put("x", value(1, LENGTH))).isTrue();
    }

    @Test
    void oneRefusalIsMetByEvictingOne() {
        fill(0, 8);
        int evicted = harness.listener.evictedSegments.size();
        AtomicBoolean refused = new AtomicBoolean();
        harness.engine.follow(
                (call, _) -> call == Call.CREATE && refused.compareAndSet(false, true) ? Fault.ENOSPC : null);
        fill(8, 20);
        assertThat(harness.listener.shed).isEmpty();
        assertThat(harness.listener.evictedSegments).hasSizeGreaterThan(evicted);
    }

    @Test
    void smallCapacitiesMakeSmallSegmentsAndTooSmallOnesAreRefused() throws Exception {
        harness.close();
        StoreConfig small =
                StoreHarness.config(directory.resolve("small"), Geometry.capacityBytesFor(4, 12 * BLOCK) + 5000);
        try (ChunkStore store = ChunkStore.open(small, harness.engine, StoreListener.NONE, harness.environment())) {
            assertThat(store.stats().segmentBytes()).isEqualTo(12 * BLOCK);
        }
        assertThatThrownBy(() -> ChunkStore.open(
                        StoreHarness.config(directory.resolve("tiny"), 4 * 8 * BLOCK),
                        harness.engine,
                        StoreListener.NONE,
                        harness.environment()))
                .isInstanceOf(StoreException.class)
                .hasMessageContaining("capacityBytes")
                .hasMessageContaining("maxValueBytes");
    }

    @Test
    void automaticCapacityIsHalfOfWhatThereIs() throws Exception {
        harness.close();
        harness.disk.availableBytes = 100 * SEGMENT;
        StoreConfig automatic = StoreHarness.config(directory.resolve("auto"), 0);
        try (ChunkStore store = ChunkStore.open(automatic, harness.engine, StoreListener.NONE, harness.environment())) {
            assertThat(store.stats().capacityBytes()).isEqualTo(50 * SEGMENT);
        }
        assertThat(Files.exists(directory.resolve("auto"))).isTrue();
    }

    @Test
    void waitingForASegmentIsBounded() {
        harness.engine.follow((call, _) -> call == Call.CREATE ? Fault.EIO : null);
        ReserveResult result = null;
        for (int i = 0; i < 40 && !(result instanceof ReserveResult.Refused); i++) {
            result = harness.store.reserve(ChunkKey.of("k" + i), LENGTH, "", Duration.ofSeconds(30));
        }
        assertThat(result).isInstanceOfSatisfying(ReserveResult.Refused.class, refused -> {
            assertThat(refused.reason()).isEqualTo(ShedReason.IO_ERROR);
            assertThat(refused.message()).contains("EIO");
        });
    }
}
