package kvstore.store;

import static kvstore.store.StoreHarness.BLOCK;
import static kvstore.store.StoreHarness.value;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import kvstore.api.ChunkKey;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A check of a stopped node sees what a start would, and leaves no trace. */
final class DirectoryCheckTest {
    private static final int LENGTH = 2 * BLOCK;

    @TempDir
    Path directory;

    private StoreHarness harness;
    private final List<String> damaged = new ArrayList<>();
    private final List<BadRecord> bad = new ArrayList<>();
    private final DirectoryCheck.Watcher watcher = new DirectoryCheck.Watcher() {
        @Override
        public void damaged(Path file, SegmentDamage damage, boolean repaired, String message) {
            damaged.add(file.getFileName() + " " + damage + " " + repaired);
        }

        @Override
        public void bad(BadRecord record) {
            bad.add(record);
        }
    };

    @BeforeEach
    void open() throws StoreException {
        harness = new StoreHarness(directory.resolve("pool"), 12);
        for (int i = 0; i < 20; i++) {
            assertThat(harness.put("k" + i, value(i, LENGTH))).isTrue();
        }
    }

    @AfterEach
    void close() {
        harness.close();
    }

    private DirectoryReport check(boolean verifyPayloads, boolean repair) throws StoreException {
        return DirectoryCheck.check(harness.pool, "node-a", verifyPayloads, repair, watcher);
    }

    @Test
    void aCleanNode() throws Exception {
        harness.store.close();
        int segments = harness.segmentFiles().size();
        Map<String, Long> before = everything();
        DirectoryReport report = check(true, false);
        assertThat(report).isEqualTo(new DirectoryReport("node-a", 1, segments, 0, 0, 0, 0, 0, 20, 20L * LENGTH, 0, 0));
        assertThat(report.clean()).isTrue();
        assertThat(everything()).isEqualTo(before);
        assertThat(DirectoryCheck.nodes(harness.pool)).containsExactly("node-a");
    }

    @Test
    void aKilledNodeIsReadAndNotSealed() throws Exception {
        harness.store.crash();
        harness.disk.close();
        Map<String, Long> before = everything();
        DirectoryReport report = check(true, false);
        assertThat(report.records()).isEqualTo(20);
        assertThat(report.scannedSegments()).isEqualTo(1);
        assertThat(report.clean()).isTrue();
        assertThat(everything()).isEqualTo(before);
        harness.open();
        assertThat(harness.store.stats().recovery().scannedSegments()).isEqualTo(1);
    }

    @Test
    void refusesWhileADaemonRuns() {
        assertThatThrownBy(() -> check(false, false))
                .isInstanceOf(StoreException.class)
                .hasMessageContaining(
                        "is in use by process " + ProcessHandle.current().pid())
                .hasMessageContaining("kvstore scrub");
        assertThatThrownBy(() -> check(false, true)).hasMessageContaining("is in use by process");
    }

    @Test
    void refusesWhatIsNoPoolOrNoNode() {
        harness.store.close();
        assertThatThrownBy(() -> DirectoryCheck.nodes(directory)).hasMessageContaining("cannot read");
        assertThatThrownBy(() -> DirectoryCheck.check(harness.pool, "other", false, false, watcher))
                .hasMessageContaining("there is no node 'other'");
        assertThat(harness.pool.resolve("nodes/other")).doesNotExist();
    }

    @Test
    void reportsADamagedSegmentAndSetsItAsideOnlyWhenAsked() throws Exception {
        harness.store.close();
        Path file = harness.segmentFiles().getFirst();
        flip(file, 50);
        Map<String, Long> before = everything();
        DirectoryReport looked = check(false, false);
        assertThat(looked.damagedSegments()).isEqualTo(1);
        assertThat(looked.clean()).isFalse();
        assertThat(everything()).isEqualTo(before);

        DirectoryReport repaired = check(false, true);
        assertThat(repaired.repairedSegments()).isEqualTo(1);
        assertThat(repaired.quarantinedFiles()).isEqualTo(1);
        assertThat(repaired.clean()).isTrue();
        assertThat(damaged)
                .containsExactly(file.getFileName() + " BAD_HEADER false", file.getFileName() + " BAD_HEADER true");
        assertThat(file).doesNotExist();

        damaged.clear();
        assertThat(check(false, false).clean()).isTrue();
        harness.open();
        assertThat(harness.store.stats().chunks()).isEqualTo(repaired.records());
        assertThat(harness.listener.damage).isEmpty();
    }

    @Test
    void findsBadPayloadsOnlyWhenItReadsThem() throws Exception {
        Explanation.Here here = (Explanation.Here) harness.store.explain(ChunkKey.of("k3"));
        harness.store.close();
        flip(here.file(), here.offset() + BLOCK + 7);
        assertThat(check(false, false).clean()).isTrue();
        DirectoryReport report = check(true, false);
        assertThat(report.badRecords()).isEqualTo(1);
        assertThat(report.clean()).isFalse();
        assertThat(bad)
                .containsExactly(new BadRecord(
                        ChunkKey.of("k3"), here.file(), here.offset(), LENGTH, "payload checksum of block 0"));
    }

    /** Every file with a sum of its bytes, and when it was written. */
    private Map<String, Long> everything() throws Exception {
        Map<String, Long> found = new TreeMap<>();
        try (Stream<Path> files = Files.walk(harness.pool)) {
            for (Path file : files.toList()) {
                long sum = Files.isDirectory(file) ? 0 : Arrays.hashCode(Files.readAllBytes(file));
                found.put(
                        file.toString(),
                        sum * 31 + Files.getLastModifiedTime(file).toMillis());
            }
        }
        return found;
    }

    private static void flip(Path file, long offset) throws Exception {
        try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
            bytes.seek(offset);
            int old = bytes.read();
            bytes.seek(offset);
            bytes.write(old ^ 0x04);
        }
    }
}
