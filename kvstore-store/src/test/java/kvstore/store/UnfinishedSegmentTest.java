package kvstore.store;

import static kvstore.store.StoreHarness.SEGMENT;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicBoolean;
import kvstore.store.FaultyEngine.Call;
import kvstore.store.FaultyEngine.Fault;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Segment files whose making was cut short. The simulation found each of these. */
final class UnfinishedSegmentTest {
    @TempDir
    Path directory;

    @Test
    void aFileWithoutSpaceStopsNoStart() throws Exception {
        try (StoreHarness harness = new StoreHarness(directory.resolve("pool"), 4)) {
            harness.store.close();
            Path file = Files.createFile(harness.node().resolve("0000000000000009.seg"));
            harness.open();
            assertThat(file).doesNotExist();
            assertThat(harness.put("key", new byte[] {1})).isTrue();
            assertThat(harness.segmentFiles().getFirst().getFileName()).hasToString("000000000000000a.seg");
        }
    }

    @Test
    void aFileWithoutHeaderIsNoDamage() throws Exception {
        try (StoreHarness harness = new StoreHarness(directory.resolve("pool"), 4)) {
            harness.store.close();
            Path file = harness.node().resolve("0000000000000009.seg");
            try (RandomAccessFile made = new RandomAccessFile(file.toFile(), "rw")) {
                made.setLength(SEGMENT);
            }
            harness.open();
            assertThat(file).doesNotExist();
            assertThat(harness.listener.damage).isEmpty();
            assertThat(harness.store.stats().quarantinedFiles()).isZero();
        }
    }

    @Test
    void aFileThatCannotBeRemovedAgainCounts() throws Exception {
        try (StoreHarness harness = new StoreHarness(directory.resolve("pool"), 4)) {
            harness.put("key", new byte[] {1});
            harness.store.close();
            AtomicBoolean made = new AtomicBoolean();
            harness.engine.follow((call, _) -> {
                made.compareAndSet(false, call == Call.CREATE);
                return made.get() && call == Call.WRITE ? undeletable(harness) : null;
            });
            harness.open();
            assertThat(harness.listener.ioFailed).contains("delete");
            assertThat(harness.store.stats().usedBytes()).isGreaterThan(SEGMENT);
            assertThat(harness.store.stats().unreadSegments()).isEqualTo(1);
        }
    }

    /** The header of the segment just made cannot be written, and its file turns into what cannot be deleted. */
    private static Fault undeletable(StoreHarness harness) {
        try {
            Path file = harness.segmentFiles().getLast();
            Files.delete(file);
            Files.createDirectories(file.resolve("something"));
            return Fault.EIO;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
