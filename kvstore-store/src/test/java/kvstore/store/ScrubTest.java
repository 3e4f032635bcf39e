package kvstore.store;

import static kvstore.store.StoreHarness.BLOCK;
import static kvstore.store.StoreHarness.value;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import kvstore.api.ChunkKey;
import kvstore.store.Departure.Cause;
import kvstore.store.FaultyEngine.Call;
import kvstore.store.FaultyEngine.Fault;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A scrub finds what a get would, without being asked for the key. */
final class ScrubTest {
    private static final int LENGTH = 2 * BLOCK + 100;

    @TempDir
    Path directory;

    private StoreHarness harness;

    @BeforeEach
    void open() throws StoreException {
        harness = new StoreHarness(directory.resolve("pool"), 12);
        for (int i = 0; i < 8; i++) {
            assertThat(harness.put("k" + i, value(i, LENGTH))).isTrue();
        }
    }

    @AfterEach
    void close() {
        harness.close();
    }

    /** Counts, and ends the scrub before a read if it is to. */
    private static final class Control implements ScrubControl {
        private final List<BadRecord> bad = new ArrayList<>();
        private final List<ScrubReport> reports = new ArrayList<>();
        private long bytes;
        private long bytesMax = Long.MAX_VALUE;

        @Override
        public boolean mayRead(long wanted) {
            bytes += wanted;
            return bytes <= bytesMax;
        }

        @Override
        public void seen(ScrubReport soFar) {
            reports.add(soFar);
        }

        @Override
        public void bad(BadRecord record) {
            bad.add(record);
        }
    }

    @Test
    void readsEveryVisibleRecordAndLetsGoOfEverySegment() {
        harness.store.delete(ChunkKey.of("k7"));
        Control control = new Control();
        ScrubReport report = harness.store.scrub(true, control);
        int segments = harness.store.stats().segments();
        assertThat(report).isEqualTo(new ScrubReport(segments, segments, 7, 7 * 4L * BLOCK, 0, 0, 0, true));
        assertThat(control.bytes).isEqualTo(report.bytes());
        assertThat(control.bad).isEmpty();
        assertThat(control.reports).hasSize(7 + segments);
        assertThat(harness.store.stats().heldSegments()).isEqualTo(2); // the open one and the spare one
        assertThat(harness.listener.corrupt).isEmpty();
    }

    @Test
    void isNoUseOfAKey() {
        long before = lastUsed("k1");
        harness.millis.addAndGet(5000);
        ScrubReport _ = harness.store.scrub(true, new Control());
        assertThat(lastUsed("k1")).isEqualTo(before);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void reportsOrDropsWhatIsBad(boolean drop) throws Exception {
        flip("k1", BLOCK + BLOCK + 5); // in the second block of the payload
        flip("k2", 30); // in the header
        Control control = new Control();
        ScrubReport report = harness.store.scrub(drop, control);
        assertThat(report.badRecords()).isEqualTo(2);
        assertThat(report.records()).isEqualTo(8);
        assertThat(report.complete()).isTrue();
        assertThat(control.bad).extracting(BadRecord::key).containsExactly(ChunkKey.of("k1"), ChunkKey.of("k2"));
        assertThat(control.bad)
                .extracting(BadRecord::reason)
                .containsExactly("payload checksum of block 1", "the record header's checksum is wrong");
        assertThat(control.bad).extracting(BadRecord::length).containsOnly((long) LENGTH);
        assertThat(harness.store.stats().chunks()).isEqualTo(drop ? 6 : 8);
        assertThat(harness.listener.corrupt).hasSize(drop ? 2 : 0);
        if (drop) {
            Departure last = harness.store.explain(ChunkKey.of("k1")).last();
            assertThat(last).isNotNull().extracting(Departure::cause).isEqualTo(Cause.CORRUPT);
            assertThat(harness.store.scrub(true, new Control()).badRecords()).isZero();
            harness.crash();
            assertThat(harness.store.stats().chunks()).isEqualTo(6);
            assertThat(harness.get("k0")).isEqualTo(value(0, LENGTH));
        }
    }

    @Test
    void whatCannotBeReadNowStays() {
        harness.engine.follow((call, number) -> call == Call.READ && number == 1 ? Fault.TRANSIENT : null);
        ScrubReport report = harness.store.scrub(true, new Control());
        harness.engine.follow(FaultyEngine.NO_FAULTS);
        assertThat(report.unreadRecords() + report.unreadSegments()).isEqualTo(1);
        assertThat(report.badRecords()).isZero();
        assertThat(report.complete()).isTrue();
        assertThat(harness.store.stats().chunks()).isEqualTo(8);
        for (int i = 0; i < 8; i++) {
            assertThat(harness.get("k" + i)).isEqualTo(value(i, LENGTH));
        }
    }

    @Test
    void endsWhenToldTo() {
        Control control = new Control();
        control.bytesMax = 10L * BLOCK;
        ScrubReport report = harness.store.scrub(true, control);
        assertThat(report.complete()).isFalse();
        assertThat(report.records()).isEqualTo(2);
        assertThat(harness.store.stats().heldSegments()).isEqualTo(2);
    }

    @Test
    void goesOnPastASegmentThatIsEvictedMeanwhile() {
        ScrubReport report = harness.store.scrub(true, new ScrubControl() {
            @Override
            public boolean mayRead(long bytes) {
                return true;
            }

            @Override
            public void seen(ScrubReport soFar) {
                if (soFar.records() == 1 && soFar.segmentsDone() == 0) {
                    for (int i = 0; i < 60; i++) {
                        assertThat(harness.put("new" + i, value(i, LENGTH))).isTrue();
                    }
                }
            }
        });
        assertThat(harness.listener.evictedSegments).isNotEmpty();
        assertThat(report.complete()).isTrue();
        assertThat(report.badRecords()).isZero();
        assertThat(report.unreadRecords()).isZero();
    }

    private long lastUsed(String key) {
        return ((Explanation.Here) harness.store.explain(ChunkKey.of(key))).lastUsedMillis();
    }

    private void flip(String key, long offset) throws Exception {
        Explanation.Here here = (Explanation.Here) harness.store.explain(ChunkKey.of(key));
        try (RandomAccessFile bytes = new RandomAccessFile(here.file().toFile(), "rw")) {
            bytes.seek(here.offset() + offset);
            int old = bytes.read();
            bytes.seek(here.offset() + offset);
            bytes.write(old ^ 0x04);
        }
    }
}
