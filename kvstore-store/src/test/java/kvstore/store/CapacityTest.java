package kvstore.store;

import static kvstore.store.StoreHarness.BLOCK;
import static kvstore.store.StoreHarness.SEGMENT;
import static kvstore.store.StoreHarness.value;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import kvstore.store.FaultyEngine.Call;
import kvstore.store.FaultyEngine.Fault;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** How much of the disk the store takes: at its own limit, beside others on the same file system, and when that is full. */
final class CapacityTest {
    private static final int LENGTH = 2 * BLOCK;

    @TempDir
    Path directory;

    private StoreHarness harness;

    @BeforeEach
    void open() throws StoreException {
        harness = new StoreHarness(directory.resolve("pool"), 10);
    }

    @AfterEach
    void close() {
        harness.close();
    }

    private void configure(double high, double low, long floorBytes) throws StoreException {
        StoreConfig c = harness.config;
        harness.config = new StoreConfig(
                c.directory(),
                c.node(),
                c.capacityBytes(),
                c.segmentBytes(),
                c.maxValueBytes(),
                c.leaseMillisMax(),
                c.leasesMax(),
                c.eviction(),
                c.ghostsMax(),
                c.moreDirectories(),
                new CapacityConfig(high, low, floorBytes));
        harness.restart();
    }

    /** Puts values until so many were stored, and returns how many were refused; a second passes with each. */
    private int fill(int from, int to) {
        int refused = 0;
        for (int i = from; i < to; i++) {
            refused += harness.put("k" + i, value(i, LENGTH)) ? 0 : 1;
            assertThat(harness.bytesOnDisk()).isLessThanOrEqualTo(harness.config.capacityBytes());
            assertThat(stats().usedBytes()).isBetween(harness.bytesOnDisk(), stats().limitBytes());
        }
        return refused;
    }

    private CapacityStats stats() {
        return harness.store.stats().capacity();
    }

    private void pass(long seconds) {
        for (long i = 0; i < seconds; i++) {
            harness.nanos.addAndGet(TimeUnit.SECONDS.toNanos(1));
            harness.store.tick();
        }
    }

    @Test
    void evictionStartsAtTheHighWatermarkAndStopsAtTheLow() throws Exception {
        configure(0.8, 0.5, 0);
        int evicted = 0;
        boolean low = false;
        for (int i = 0; i < 100; i++) {
            fill(i, i + 1);
            double share = (double) stats().usedBytes() / stats().limitBytes();
            assertThat(share).isLessThanOrEqualTo(0.8);
            if (harness.listener.evictedSegments.size() > evicted) {
                // all at once, down to the low one
                assertThat(harness.listener.evictedSegments.size() - evicted).isGreaterThanOrEqualTo(3);
                assertThat(share).isLessThanOrEqualTo(0.5);
                evicted = harness.listener.evictedSegments.size();
                low = true;
            }
        }
        assertThat(low).isTrue();
        assertThat(harness.listener.triggers).containsOnly(EvictionTrigger.WATERMARK);
        assertThat(harness.get("k99")).isEqualTo(value(99, LENGTH));
    }

    @Test
    void whatIsWrittenIsReservedUntilItIsSealed() {
        fill(0, 1);
        // one segment is written, and none of it but its header and its last byte may be allocated
        assertThat(stats().reservedBytes()).isBetween(SEGMENT / 2, 2 * SEGMENT);
        assertThat(stats().usedBytes()).isGreaterThan(harness.bytesOnDisk());
        fill(1, 12);
        long reserved = stats().reservedBytes();
        harness.store.close();
        assertThat(reserved).isPositive();
        assertThat(stats().reservedBytes()).isZero();
        assertThat(stats().usedBytes() - harness.bytesOnDisk()).isBetween(0L, 2L * BLOCK);
    }

    @Test
    void everyFileCountsWhoeverPutItThere() throws Exception {
        fill(0, 60);
        long segments = harness.store.stats().segments();
        harness.store.close();
        Files.write(harness.node().resolve("notes.txt"), new byte[(int) (3 * SEGMENT)]);
        Files.write(harness.node().resolve("quarantine").resolve("stray"), new byte[(int) (2 * SEGMENT)]);
        harness.open();
        assertThat(stats().usedBytes()).isBetween(harness.bytesOnDisk(), stats().limitBytes());
        assertThat(harness.store.stats().segments()).isLessThanOrEqualTo((int) segments - 4);
        assertThat(fill(60, 90)).isZero();
        harness.crash();
        assertThat(stats().usedBytes()).isBetween(harness.bytesOnDisk(), stats().limitBytes());
        assertThat(harness.get("k89")).isEqualTo(value(89, LENGTH));
    }

    @Test
    void belowTheFloorTheStoreShrinksAndThenGrowsAgain() throws Exception {
        harness.disk.shared = harness.pool;
        harness.disk.availableBytes = 20 * SEGMENT;
        configure(1, 1, 4 * SEGMENT);
        assertThat(fill(0, 60)).isZero();
        assertThat(stats().state()).isEqualTo(CapacityState.OK);
        long before = stats().usedBytes();
        harness.disk.availableBytes = 10 * SEGMENT; // others took ten segments
        pass(1);
        assertThat(stats().state()).isEqualTo(CapacityState.SHRINKING);
        assertThat(harness.disk.facts(directory).availableBytes()).isGreaterThanOrEqualTo(4 * SEGMENT);
        assertThat(stats().usedBytes()).isBetween(2 * SEGMENT, before - 3 * SEGMENT);
        assertThat(harness.listener.triggers).contains(EvictionTrigger.FLOOR);
        assertThat(harness.get("k59")).isEqualTo(value(59, LENGTH));
        int evicted = harness.listener.evictedSegments.size();
        pass(60);
        assertThat(harness.listener.evictedSegments).hasSize(evicted);
        assertThat(fill(60, 100)).isZero(); // within what is left
        assertThat(harness.disk.facts(directory).availableBytes()).isGreaterThanOrEqualTo(4 * SEGMENT);

        harness.disk.availableBytes = 20 * SEGMENT;
        pass(1);
        assertThat(stats().state()).isEqualTo(CapacityState.OK);
        fill(100, 160);
        assertThat(stats().usedBytes()).isGreaterThan(before - 2 * SEGMENT);
    }

    @Test
    void belowTheFloorWithNothingLeftPutsAreShedAndComeBackByThemselves() throws Exception {
        harness.disk.shared = harness.pool;
        configure(1, 1, 4 * SEGMENT);
        assertThat(fill(0, 40)).isZero();
        harness.disk.availableBytes = 0;
        pass(30);
        assertThat(harness.store.stats().segments()).isLessThanOrEqualTo(2);
        assertThat(fill(40, 80)).isGreaterThan(20);
        assertThat(harness.listener.shed).containsOnly(ShedReason.NO_SPACE);
        harness.disk.availableBytes = 1L << 30;
        pass(2);
        assertThat(stats().state()).isEqualTo(CapacityState.OK);
        assertThat(fill(80, 100)).isZero();
    }

    @Test
    void whatIsDeletedCountsAsFreeBeforeTheFileSystemShowsIt() throws Exception {
        configure(1, 1, 4 * SEGMENT);
        fill(0, 60);
        pass(6);
        harness.disk.availableBytes = 3 * SEGMENT; // and stays so, whatever is deleted
        int before = harness.store.stats().segments();
        pass(4);
        assertThat(before - harness.store.stats().segments()).isBetween(1, 5);
    }

    @ParameterizedTest
    @EnumSource(names = {"ENOSPC", "EDQUOT"})
    void aDiskThatRefusesWritesIsLeftAloneAndAskedAgain(Fault fault) throws Exception {
        fill(0, 20);
        AtomicInteger writes = new AtomicInteger();
        harness.engine.follow((call, _) -> {
            boolean refused = call == Call.WRITE || call == Call.CREATE;
            writes.addAndGet(refused ? 1 : 0);
            return refused ? fault : null;
        });
        int segments = harness.store.stats().segments();
        for (int i = 0; i < 600; i++) { // a minute
            assertThat(harness.put("x" + i, value(i, LENGTH))).isFalse();
            assertThat(harness.get("k19")).isEqualTo(value(19, LENGTH));
            harness.nanos.addAndGet(TimeUnit.MILLISECONDS.toNanos(100));
            harness.store.tick();
        }
        assertThat(stats().state()).isEqualTo(CapacityState.FULL);
        // Payload, mark and tombstone of a few puts; a put every 100 ms would have been 600.
        assertThat(writes.get()).isLessThan(40);
        assertThat(segments - harness.store.stats().segments()).isBetween(1, 8);
        assertThat(harness.listener.triggers).contains(EvictionTrigger.NO_SPACE);

        harness.engine.follow(FaultyEngine.NO_FAULTS);
        pass(31);
        assertThat(fill(20, 40)).isZero();
        assertThat(stats().state()).isEqualTo(CapacityState.OK);
        assertThat(harness.get("k39")).isEqualTo(value(39, LENGTH));
    }

    @Test
    void aDiskThatRefusesSegmentsComesBackWithoutAPut() {
        fill(0, 20);
        harness.engine.follow((call, _) -> call == Call.CREATE ? Fault.ENOSPC : null);
        fill(20, 40);
        assertThat(stats().state()).isEqualTo(CapacityState.FULL);
        harness.engine.follow(FaultyEngine.NO_FAULTS);
        pass(31);
        assertThat(stats().state()).isEqualTo(CapacityState.OK);
        assertThat(fill(40, 60)).isZero();
    }

    @Test
    void badValuesAreRefusedByName() {
        assertThatThrownBy(() -> new CapacityConfig(1.1, 0.5, 0)).hasMessageContaining("highWatermark = 1.1");
        assertThatThrownBy(() -> new CapacityConfig(0.5, 0.6, 0)).hasMessageContaining("lowWatermark = 0.6");
        assertThatThrownBy(() -> new CapacityConfig(0.5, 0.5, -2)).hasMessageContaining("freeSpaceFloorBytes = -2");
    }
}
