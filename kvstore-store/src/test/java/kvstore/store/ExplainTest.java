package kvstore.store;

import static kvstore.store.StoreHarness.BLOCK;
import static kvstore.store.StoreHarness.NO_WAIT;
import static kvstore.store.StoreHarness.SEGMENT;
import static kvstore.store.StoreHarness.value;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import kvstore.api.ChunkKey;
import kvstore.store.Departure.Cause;
import kvstore.store.Explanation.Absent;
import kvstore.store.Explanation.Here;
import kvstore.store.FaultyEngine.Call;
import kvstore.store.FaultyEngine.Fault;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@link ChunkStore#explain} says of keys after everything that can happen to them. */
final class ExplainTest {
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

    private Explanation explain(String key) {
        return harness.store.explain(ChunkKey.of(key));
    }

    private Departure departure(String key) {
        Explanation explanation = explain(key);
        assertThat(explanation).isInstanceOf(Absent.class);
        Departure last = explanation.last();
        assertThat(last).isNotNull();
        return last;
    }

    @Test
    void aKeyThatIsHere() {
        harness.put("before", value(1, 100));
        long created = harness.millis.get();
        harness.millis.addAndGet(5_000);
        harness.put("k", value(2, 2 * BLOCK));
        harness.millis.addAndGet(60_000);
        harness.store.lookup(List.of(ChunkKey.of("k")), "", 10_000);
        harness.millis.addAndGet(60_000);

        assertThat(explain("k"))
                .isEqualTo(new Here(
                        1,
                        harness.segmentFiles().getFirst(),
                        3L * BLOCK,
                        2L * BLOCK,
                        created,
                        created + 5_000,
                        created + 65_000,
                        1,
                        true,
                        null));
        // To ask is no use: the answer is the same again.
        assertThat(((Here) explain("k")).lastUsedMillis()).isEqualTo(created + 65_000);
    }

    @Test
    void aKeyThatWasNeverStored() {
        assertThat(explain("k")).isEqualTo(new Absent(null, List.of(), false));
    }

    @Test
    void evicted() {
        harness.put("k", value(1, BLOCK));
        for (int i = 0; !(explain("k") instanceof Absent); i++) {
            harness.millis.addAndGet(1_000);
            assertThat(harness.put("filler " + i, value(i, 3 * BLOCK))).isTrue();
        }
        assertThat(departure("k")).isEqualTo(new Departure(Cause.EVICTED, harness.millis.get(), 1, BLOCK));
        assertThat(harness.store.ghosts()).isPositive();
    }

    @Test
    void expired() throws Exception {
        harness.config = harness.config.with(EvictionConfig.of(EvictionConfig.Policy.IDLE));
        harness.restart();
        harness.millis.addAndGet(1_000);
        harness.put("k", value(1, BLOCK));
        harness.put("other", value(2, BLOCK));
        long stored = harness.millis.get();
        harness.millis.addAndGet(300_000);
        harness.store.lookup(List.of(ChunkKey.of("other")), "", 0);
        harness.millis.addAndGet(301_000);
        // Its segment stays, because the other is wanted.
        int segment = ((Here) explain("other")).segment();
        Departure inPlace = new Departure(Cause.EXPIRED, stored + 600_000, segment, BLOCK);
        assertThat(departure("k")).isEqualTo(inPlace);
        assertThat(harness.get("k")).isNull();
        for (int i = 0; explain("other") instanceof Here; i++) {
            assertThat(harness.put("filler " + i, value(i, 3 * BLOCK))).isTrue();
        }
        assertThat(departure("other").cause()).isEqualTo(Cause.EVICTED);
        assertThat(departure("k")).isEqualTo(new Departure(Cause.EXPIRED, harness.millis.get(), segment, BLOCK));
    }

    @Test
    void deleted() {
        harness.put("k", value(1, 100));
        harness.store.delete(ChunkKey.of("k"));
        assertThat(departure("k")).isEqualTo(new Departure(Cause.DELETED, harness.millis.get(), 1, 100));
        harness.store.delete(ChunkKey.of("never there"));
        assertThat(explain("never there").last()).isNull();
    }

    @Test
    void corrupt() throws IOException {
        harness.put("k", value(1, 100));
        flip(harness.segmentFiles().getFirst(), 2L * BLOCK + 50);
        assertThat(harness.get("k")).isNull();
        assertThat(departure("k")).isEqualTo(new Departure(Cause.CORRUPT, harness.millis.get(), 1, 100));
    }

    @Test
    void aHeaderThatCannotBeProvedHasNoTime() throws IOException {
        harness.put("k", value(1, 100));
        flip(harness.segmentFiles().getFirst(), BLOCK + 20);
        assertThat(((Here) explain("k")).storedMillis()).isZero();
    }

    @Test
    void replacedByAnotherLength() {
        harness.put("k", value(1, 100));
        harness.put("k", value(1, 200));
        Here here = (Here) explain("k");
        assertThat(here.length()).isEqualTo(200);
        assertThat(here.last()).isEqualTo(new Departure(Cause.REPLACED, harness.millis.get(), 1, 100));
    }

    @Test
    void inFlightAndThenAborted() {
        Reservation reservation = harness.reserve("k", 100, "");
        assertThat(explain("k")).isEqualTo(new Explanation.InFlight(100, null));
        reservation.abort();
        assertThat(departure("k")).isEqualTo(new Departure(Cause.ABORTED, harness.millis.get(), 0, 100));
    }

    @Test
    void aFailedWriteIsAnAbortedPut() {
        harness.engine.follow((call, _) -> call == Call.WRITE ? Fault.EIO : null);
        assertThat(harness.put("k", value(1, 100))).isFalse();
        assertThat(departure("k").cause()).isEqualTo(Cause.ABORTED);
    }

    @Test
    void shed() {
        for (int i = 0; i < 100; i++) {
            harness.put("k" + i, value(i, 3 * BLOCK));
            harness.store.lookup(List.of(ChunkKey.of("k" + i)), "", 60_000);
        }
        assertThat(harness.store.reserve(ChunkKey.of("k"), 3 * BLOCK, "", NO_WAIT))
                .isInstanceOf(ReserveResult.Refused.class);
        assertThat(departure("k")).isEqualTo(new Departure(Cause.SHED_NO_SPACE, harness.millis.get(), 0, 3 * BLOCK));
        harness.store.shedWithoutMemory(ChunkKey.of("k"), 5);
        assertThat(departure("k").cause()).isEqualTo(Cause.SHED_NO_MEMORY);
    }

    @Test
    void shedBecauseTheFileSystemFails() {
        harness.engine.follow((call, _) -> call == Call.CREATE ? Fault.EIO : null);
        int last = 0;
        while (harness.put("k" + last, value(last, 3 * BLOCK))) {
            last++;
        }
        assertThat(departure("k" + last))
                .isEqualTo(new Departure(Cause.SHED_IO_ERROR, harness.millis.get(), 0, 3 * BLOCK));
    }

    @Test
    void shedWhileTheStoreStops() {
        harness.store.close();
        assertThat(harness.put("k", value(1, 100))).isFalse();
        assertThat(departure("k")).isEqualTo(new Departure(Cause.SHED_STOPPING, harness.millis.get(), 0, 100));
    }

    @Test
    void otherNamespacesAlsoAfterARestart() throws StoreException {
        harness.put(ChunkKey.of("tenant", "k".getBytes(StandardCharsets.UTF_8)), value(1, 100));
        assertThat(explain("k")).isEqualTo(new Absent(null, List.of("tenant"), false));
        assertThat(explain("other")).isEqualTo(new Absent(null, List.of(), false));
        harness.restart();
        assertThat(explain("k")).isEqualTo(new Absent(null, List.of("tenant"), false));
    }

    @Test
    void theSameAfterARestartForWhatIsHereOnly() throws StoreException {
        harness.put("k", value(1, 100));
        harness.put("gone", value(1, 100));
        harness.store.delete(ChunkKey.of("gone"));
        harness.crash();
        assertThat(explain("k")).isInstanceOf(Here.class);
        assertThat(explain("gone").last()).isNull();
    }

    private static void flip(Path file, long offset) throws IOException {
        assertThat(offset).isLessThan(SEGMENT);
        try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
            bytes.seek(offset);
            int old = bytes.read();
            bytes.seek(offset);
            bytes.write(old ^ 1);
        }
    }
}
