package kvstore.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import kvstore.v1.MissReason;
import kvstore.v1.PutStatus;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Segment files that somebody changed from outside, between two starts or under a running daemon. */
@Timeout(60)
final class DamagedFilesTest {
    /** Fill a segment of 64 MiB and a part of another; restarts add some, so that nothing has to be evicted for them. */
    private static final int CHUNKS = 75;

    private static final int LENGTH = 1_000_000;

    @TempDir
    Path directory;

    private @Nullable DaemonUnderTest daemon;
    private @Nullable GeneratedStubs stubs;
    private Map<String, Long> segments = Map.of();

    @BeforeEach
    void storeInSeveralSegments() throws StartException {
        start();
        List<Map.Entry<String, ByteString>> chunks = IntStream.range(0, CHUNKS)
                .mapToObj(i -> Map.entry(key(i), value(key(i))))
                .toList();
        assertThat(stubs().put(chunks))
                .hasSize(CHUNKS)
                .allMatch(answer -> answer.getStatus() == PutStatus.PUT_STATUS_STORED);
        segments = SegmentFiles.byKey(stubs());
        assertThat(Set.copyOf(segments.values())).hasSize(2);
    }

    @AfterEach
    void stopAndStillWork() {
        assertThat(stubs().put("afterwards", value("afterwards")).getStatus()).isEqualTo(PutStatus.PUT_STATUS_STORED);
        assertThat(stubs().get("afterwards").data().equals(value("afterwards"))).isTrue();
        daemon().close();
    }

    @Test
    void aFlippedBitInThePayload() throws StartException {
        String key = key(40);
        daemon().close();
        SegmentFiles.flip(file(key), SegmentFiles.recordOffset(file(key), key) + SegmentFiles.BLOCK_BYTES + 777_777);
        start();
        assertLost(Set.of(key), MissReason.MISS_REASON_CORRUPT);
        assertThat(count("kvstore_store_corrupt_records_total")).isEqualTo(1);
        assertThat(count("kvstore_get_chunks_total", "reason=\"corrupt\"")).isEqualTo(1);
        // What was found to be bad is forgotten for good.
        restart();
        assertLost(Set.of(key), MissReason.MISS_REASON_ABSENT);
    }

    @Test
    void aFlippedBitInARecordHeader() throws StartException {
        String key = key(40);
        daemon().close();
        SegmentFiles.flip(file(key), SegmentFiles.recordOffset(file(key), key) + 40);
        start();
        assertLost(Set.of(key), MissReason.MISS_REASON_CORRUPT);
        assertThat(count("kvstore_store_corrupt_records_total")).isEqualTo(1);
    }

    @Test
    void aFlippedBitInASegmentHeader() throws StartException {
        daemon().close();
        SegmentFiles.flip(oldest(), 20);
        start();
        assertThat(count("kvstore_store_damaged_segments_total", "damage=\"bad-header\""))
                .isEqualTo(1);
        assertThat(count("kvstore_store_segments", "state=\"quarantined\"")).isEqualTo(1);
        assertLost(keysOf(oldest()), MissReason.MISS_REASON_ABSENT);
    }

    @ParameterizedTest
    @ValueSource(ints = {20, 1000})
    void aFlippedBitInAnIndexArea(int offset) throws StartException {
        daemon().close();
        SegmentFiles.flip(oldest(), SegmentFiles.indexOffset(oldest()) + offset);
        start();
        assertThat(count("kvstore_store_damaged_segments_total", "damage=\"bad-index\""))
                .isEqualTo(1);
        assertLost(Set.of(), MissReason.MISS_REASON_ABSENT);
    }

    /** With its magic number gone it is a segment that was never sealed, which is no damage. */
    @ParameterizedTest
    @ValueSource(ints = {0, 33})
    void aFlippedBitInATrailer(int offset) throws StartException {
        daemon().close();
        SegmentFiles.flip(oldest(), oldest().toFile().length() - SegmentFiles.BLOCK_BYTES + offset);
        start();
        assertThat(count("kvstore_store_damaged_segments_total", "damage=\"bad-index\""))
                .isEqualTo(offset == 0 ? 0 : 1);
        assertThat(count("kvstore_store_recovery_scanned_segments")).isEqualTo(1);
        assertLost(Set.of(), MissReason.MISS_REASON_ABSENT);
    }

    @Test
    void aTruncatedSegment() throws StartException {
        daemon().close();
        String cut = keysOf(oldest()).stream().skip(10).findFirst().orElseThrow();
        long length = SegmentFiles.recordOffset(oldest(), cut) + 3 * SegmentFiles.BLOCK_BYTES + 17;
        Set<String> lost = keysOf(oldest()).stream()
                .filter(key -> SegmentFiles.recordOffset(oldest(), key) + LENGTH > length)
                .collect(Collectors.toSet());
        assertThat(lost).contains(cut).hasSizeBetween(2, 30);
        SegmentFiles.truncate(oldest(), length);
        start();
        assertThat(count("kvstore_store_damaged_segments_total")).isEqualTo(1);
        assertLost(lost, MissReason.MISS_REASON_ABSENT);
    }

    /** A file without a byte is what a crash leaves that came before the first; there is nothing to look at later. */
    @ParameterizedTest
    @CsvSource({"0, 0", "65537, 1"})
    void aSegmentOfWhichNothingIsLeft(int length, int damaged) throws StartException {
        daemon().close();
        SegmentFiles.truncate(oldest(), length);
        start();
        assertThat(count("kvstore_store_damaged_segments_total", "damage=\"truncated\""))
                .isEqualTo(damaged);
        assertLost(keysOf(oldest()), MissReason.MISS_REASON_ABSENT);
    }

    @Test
    void aMissingSegment() throws StartException {
        daemon().close();
        SegmentFiles.delete(oldest());
        start();
        assertLost(keysOf(oldest()), MissReason.MISS_REASON_ABSENT);
        assertThat(count("kvstore_get_chunks_total", "reason=\"absent\""))
                .isEqualTo(keysOf(oldest()).size());
    }

    @Test
    void aFlippedBitUnderARunningDaemon() {
        String key = key(40);
        SegmentFiles.flip(file(key), SegmentFiles.recordOffset(file(key), key) + SegmentFiles.BLOCK_BYTES + 777_777);
        assertLost(Set.of(key), MissReason.MISS_REASON_CORRUPT);
        assertThat(count("kvstore_store_corrupt_records_total")).isEqualTo(1);
    }

    @Test
    void aSegmentTruncatedUnderARunningDaemon() throws StartException {
        Set<String> lost = keysOf(oldest());
        SegmentFiles.truncate(oldest(), SegmentFiles.BLOCK_BYTES);
        assertLost(lost, MissReason.MISS_REASON_IO_ERROR);
        assertThat(count("kvstore_get_chunks_total", "reason=\"io_error\"")).isEqualTo(lost.size());
        assertThat(count("kvstore_io_failures_total", "kind=\"short\"")).isPositive();
        restart();
        assertLost(lost, MissReason.MISS_REASON_ABSENT);
    }

    /** An open file stays readable without its name; the next start does not find it. */
    @Test
    void aSegmentDeletedUnderARunningDaemon() throws StartException {
        SegmentFiles.delete(oldest());
        assertLost(Set.of(), MissReason.MISS_REASON_ABSENT);
        restart();
        assertLost(keysOf(oldest()), MissReason.MISS_REASON_ABSENT);
    }

    static LongStream seeds() {
        Long seed = Long.getLong("kvstore.test.seed");
        return seed == null ? LongStream.rangeClosed(1, 3) : LongStream.of(seed);
    }

    /** Anything anywhere: what is found is right, and what lies in files that were left alone is found. */
    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void randomDamage(long seed) throws StartException {
        Random random = new Random(seed);
        daemon().close();
        List<Path> files = new SegmentFiles(directory).all();
        Path hit = files.get(random.nextInt(files.size()));
        for (int i = 0; i < 5; i++) {
            SegmentFiles.flip(hit, random.nextLong(hit.toFile().length()));
        }
        if (random.nextInt(3) == 0) {
            SegmentFiles.truncate(hit, random.nextLong(hit.toFile().length()));
        }
        start();
        for (String key : segments.keySet()) {
            GeneratedStubs.Got got = stubs().get(key);
            if (got.hit()) {
                assertThat(got.data().equals(value(key)))
                        .as("seed %s: %s", seed, key)
                        .isTrue();
            } else {
                assertThat(file(key)).as("seed %s: %s", seed, key).isEqualTo(hit);
            }
        }
    }

    /** These are misses, and all others are there. */
    private void assertLost(Set<String> lost, MissReason reason) {
        Map<String, MissReason> misses = new TreeMap<>();
        for (String key : segments.keySet()) {
            GeneratedStubs.Got got = stubs().get(key);
            if (!got.hit()) {
                misses.put(key, got.last().getReason());
            } else {
                assertThat(got.data().equals(value(key))).as(key).isTrue();
            }
        }
        assertThat(misses).containsOnlyKeys(lost);
        assertThat(misses.values()).allMatch(seen -> seen == reason, reason.toString());
    }

    private Path oldest() {
        return new SegmentFiles(directory)
                .file(segments.values().stream().min(Long::compare).orElseThrow());
    }

    private Path file(String key) {
        return new SegmentFiles(directory).file(Objects.requireNonNull(segments.get(key)));
    }

    private Set<String> keysOf(Path file) {
        return segments.keySet().stream().filter(key -> file(key).equals(file)).collect(Collectors.toSet());
    }

    private void start() throws StartException {
        daemon = DaemonUnderTest.start(
                directory, "data.capacity=384MiB", "data.segment-size=64MiB", "data.max-value-size=1MiB");
        stubs = new GeneratedStubs(daemon.tcp());
    }

    private void restart() throws StartException {
        daemon().close();
        start();
    }

    private long count(String metric, String... labels) {
        return Scrape.of(daemon()).count(metric, labels);
    }

    private static String key(int i) {
        return "key-" + i;
    }

    private static ByteString value(String key) {
        return Payloads.bytes(key, LENGTH);
    }

    private GeneratedStubs stubs() {
        return Objects.requireNonNull(stubs);
    }

    private DaemonUnderTest daemon() {
        return Objects.requireNonNull(daemon);
    }
}
