package kvstore.store;

import static kvstore.store.StoreHarness.BLOCK;
import static kvstore.store.StoreHarness.value;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import kvstore.api.ChunkKey;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Segments one by one, and those that go because what was in them was deleted. */
final class DropEmptyTest {
    private static final int LENGTH = 2 * BLOCK;
    private static final int CHUNKS = 20;

    @TempDir
    Path directory;

    private StoreHarness harness;

    @BeforeEach
    void fill() throws StoreException {
        harness = new StoreHarness(directory.resolve("pool"), 12);
        for (int i = 0; i < CHUNKS; i++) {
            assertThat(harness.put("k" + i, value(i, LENGTH))).isTrue();
        }
    }

    @AfterEach
    void close() {
        harness.close();
    }

    private static List<ChunkKey> keys(int from) {
        return IntStream.range(from, CHUNKS).mapToObj(i -> ChunkKey.of("k" + i)).toList();
    }

    @Test
    void emptyOnesGoAndNothingComesBack() throws Exception {
        int before = harness.segmentFiles().size();
        assertThat(harness.store.delete(keys(0)).cardinality()).isEqualTo(CHUNKS);

        int dropped = harness.store.dropEmpty();

        assertThat(dropped).isGreaterThan(2);
        assertThat(harness.segmentFiles()).hasSize(before - dropped);
        assertThat(harness.store.dropEmpty()).isZero();
        assertThat(harness.put("new", value(99, LENGTH))).isTrue();
        harness.crash();
        assertThat(harness.store.stats().chunks()).isEqualTo(1);
        assertThat(harness.get("k0")).isNull();
        assertThat(harness.get("new")).isEqualTo(value(99, LENGTH));
    }

    @Test
    void aChunkInTheOldestKeepsAll() throws Exception {
        assertThat(harness.store.delete(keys(1)).cardinality()).isEqualTo(CHUNKS - 1);

        assertThat(harness.store.dropEmpty()).isZero();
        harness.crash();
        assertThat(harness.store.stats().chunks()).isEqualTo(1);
        assertThat(harness.get("k0")).isEqualTo(value(0, LENGTH));
    }

    @Test
    void aLeaseKeepsThem() {
        long lease =
                harness.store.lookup(List.of(ChunkKey.of("k0")), "", 10_000).leaseId();
        harness.store.delete(keys(0));

        assertThat(harness.store.dropEmpty()).isZero();
        harness.store.release(lease);
        assertThat(harness.store.dropEmpty()).isPositive();
    }

    @Test
    void eachSegmentSaysWhatItHolds() {
        harness.store.delete(keys(15));
        List<SegmentStats> segments = harness.store.segments();

        assertThat(segments).hasSize(harness.segmentFiles().size()).isSortedAccordingTo((a, b) -> a.id() - b.id());
        assertThat(segments.stream().mapToLong(SegmentStats::chunks).sum()).isEqualTo(15);
        assertThat(segments.stream().mapToLong(SegmentStats::chunkBytes).sum()).isEqualTo(15L * LENGTH);
        assertThat(segments.getFirst().readChunks()).isZero();
        assertThat(segments.getFirst().held()).isFalse();
        assertThat(segments.getLast().held()).isTrue();
        assertThat(harness.get("k0")).isNotNull();
        assertThat(harness.store.segments().getFirst().readChunks()).isEqualTo(1);
    }
}
