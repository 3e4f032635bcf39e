package kvstore.store;

import static kvstore.store.StoreHarness.BLOCK;
import static kvstore.store.StoreHarness.SEGMENT;
import static kvstore.store.StoreHarness.value;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import kvstore.api.ChunkKey;
import kvstore.store.FaultyEngine.Call;
import kvstore.store.FaultyEngine.Fault;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a start finds again, and what it makes of damage. */
final class RecoveryTest {
    @TempDir
    Path directory;

    private StoreHarness harness;

    @BeforeEach
    void open() throws StoreException {
        harness = new StoreHarness(directory.resolve("pool"), 12);
    }

    @AfterEach
    void close() {
        harness.close();
    }

    private void fill(int from, int to) {
        for (int i = from; i < to; i++) {
            assertThat(harness.put("k" + i, value(i, 2 * BLOCK))).isTrue();
        }
    }

    private long found(int from, int to) {
        long found = 0;
        for (int i = from; i < to; i++) {
            byte[] value = harness.get("k" + i);
            if (value != null) {
                assertThat(value).isEqualTo(value(i, 2 * BLOCK));
                found++;
            }
        }
        return found;
    }

    private RecoveryReport report() {
        return harness.store.stats().recovery();
    }

    @Test
    void acknowledgedIsFoundAfterACrash() throws Exception {
        fill(0, 20);
        Reservation pending = harness.reserve("pending", 3 * BLOCK, "");
        StoreHarness.write(pending, value(1, 3 * BLOCK));
        harness.put("behind the hole", value(5, 100));
        harness.crash();
        assertThat(found(0, 20)).isEqualTo(20);
        assertThat(harness.get("behind the hole")).isEqualTo(value(5, 100));
        assertThat(harness.get("pending")).isNull();
        assertThat(report().scannedSegments()).isBetween(1, 2);
        harness.crash();
        assertThat(found(0, 20)).isEqualTo(20);
        assertThat(report().scannedSegments()).isZero();
    }

    @Test
    void aCleanStopLeavesOnlyIndexAreasToRead() throws Exception {
        fill(0, 20);
        harness.store.close();
        int files = harness.segmentFiles().size();
        harness.disk.reads.set(0);
        harness.open();
        // Header, trailer and one block of index area for each.
        assertThat(harness.disk.reads).hasValue(3L * files);
        assertThat(report().scannedSegments()).isZero();
        assertThat(report().chunks()).isEqualTo(20);
        assertThat(found(0, 20)).isEqualTo(20);
    }

    @Test
    void restartsDoNotPileUpEmptySegments() throws Exception {
        fill(0, 3);
        for (int i = 0; i < 20; i++) {
            harness.restart();
            harness.crash();
        }
        assertThat(harness.segmentFiles()).hasSize(2);
        assertThat(found(0, 3)).isEqualTo(3);
    }

    @Test
    void aDamagedTrailerOrIndexAreaCostsOnlyTime() throws Exception {
        fill(0, 20);
        harness.store.close();
        List<Path> files = harness.segmentFiles();
        flip(files.get(0), SEGMENT - BLOCK + 20);
        flip(files.get(1), indexOffset(files.get(1)) + 60);
        harness.open();
        assertThat(found(0, 20)).isEqualTo(20);
        assertThat(report().scannedSegments()).isEqualTo(2);
        assertThat(harness.listener.damage).containsExactly(SegmentDamage.BAD_INDEX, SegmentDamage.BAD_INDEX);
        harness.restart();
        assertThat(report().scannedSegments()).isZero();
        assertThat(found(0, 20)).isEqualTo(20);
    }

    @Test
    void aSealOfAnotherSegmentOrOfAnotherStartIsIgnored() throws Exception {
        fill(0, 4);
        harness.restart();
        fill(4, 20);
        harness.store.close();
        List<Path> files = harness.segmentFiles();
        byte[] earlierStart = seal(files.get(0));
        byte[] sameStart = seal(files.get(1));
        putSeal(files.get(1), earlierStart);
        putSeal(files.get(2), sameStart);
        harness.open();
        assertThat(found(0, 20)).isEqualTo(20);
        assertThat(report().scannedSegments()).isEqualTo(2);
        harness.restart();
        assertThat(report().scannedSegments()).isZero();
        assertThat(found(0, 20)).isEqualTo(20);
    }

    @Test
    void aTornTailIsCutAndWhatLiesBeforeItStays() throws Exception {
        fill(0, 2);
        Path open = harness.segmentFiles().getLast();
        harness.store.crash();
        harness.disk.close();
        long second = BLOCK + 3L * BLOCK; // header of the segment, then records of three blocks
        wipe(open, second + 80, BLOCK - 80);
        harness.open();
        assertThat(found(0, 2)).isEqualTo(1);
        assertThat(report().chunks()).isEqualTo(1);
        assertThat(report().quarantinedSegments()).isZero();
        fill(0, 2);
        harness.crash();
        assertThat(found(0, 2)).isEqualTo(2);
    }

    @Test
    void manyDeletesAreHiddenAfterAStartToo() throws Exception {
        for (int round = 0; round < 40; round++) {
            fill(round * 5, round * 5 + 5);
            List<ChunkKey> keys = new ArrayList<>();
            for (int i = round * 5; i < round * 5 + 4; i++) {
                keys.add(ChunkKey.of("k" + i));
            }
            harness.store.delete(keys);
        }
        long chunks = harness.store.stats().chunks();
        harness.crash();
        assertThat(report().chunks()).isEqualTo(chunks);
        assertThat(found(0, 200)).isEqualTo(chunks);
    }

    @Test
    void aBadHeaderLosesOneSegment() throws Exception {
        fill(0, 20);
        harness.store.close();
        int files = harness.segmentFiles().size();
        flip(harness.segmentFiles().get(1), 50);
        harness.open();
        assertThat(harness.listener.damage).containsExactly(SegmentDamage.BAD_HEADER);
        assertThat(found(0, 20)).isBetween(10L, 17L);
        assertThat(report().quarantinedSegments()).isEqualTo(1);
        assertThat(quarantined()).isEqualTo(1);
        assertThat(harness.store.stats().usedBytes()).isGreaterThanOrEqualTo(harness.bytesOnDisk());
        assertThat(harness.store.stats().segments()).isEqualTo(files); // the new one, and all but the bad one
    }

    @Test
    void quarantineIsBounded() throws Exception {
        for (int round = 0; round < 8; round++) {
            fill(round * 4, round * 4 + 4);
            harness.store.close();
            flip(harness.segmentFiles().getLast(), 50);
            harness.open();
            assertThat(harness.bytesOnDisk()).isLessThanOrEqualTo(StoreHarness.capacity(12));
        }
        assertThat(quarantined()).isEqualTo(3); // a quarter of the capacity
        assertThat(harness.store.stats().usedBytes()).isGreaterThanOrEqualTo(harness.bytesOnDisk());
    }

    @Test
    void aTruncatedSegmentKeepsWhatIsLeft() throws Exception {
        fill(0, 3);
        harness.store.close();
        truncate(harness.segmentFiles().getFirst(), 6 * BLOCK + 1000);
        harness.open();
        assertThat(found(0, 3)).isEqualTo(1);
        assertThat(report().quarantinedSegments()).isZero();
        fill(0, 3);
        assertThat(found(0, 3)).isEqualTo(3);
        harness.restart();
        assertThat(found(0, 3)).isEqualTo(3);
    }

    @Test
    void tooShortAndMissingAndForeignFiles() throws Exception {
        fill(0, 20);
        harness.store.close();
        List<Path> files = harness.segmentFiles();
        truncate(files.get(0), 100);
        Files.delete(files.get(1));
        Files.move(files.get(2), harness.node().resolve("00000000000000ff.seg"));
        Files.createFile(harness.node().resolve("0000000000000100.seg"));
        Files.writeString(harness.node().resolve("notes.txt"), "hello");
        harness.open();
        assertThat(found(0, 20)).isBetween(1L, 12L);
        assertThat(harness.listener.damage).containsExactlyInAnyOrder(SegmentDamage.TRUNCATED, SegmentDamage.FOREIGN);
        assertThat(harness.store.stats().usedBytes()).isGreaterThanOrEqualTo(harness.bytesOnDisk());
        fill(20, 40);
        assertThat(found(20, 40)).isEqualTo(20);
        assertThat(Files.exists(harness.node().resolve("notes.txt"))).isTrue();
    }

    @Test
    void aSegmentThatCannotBeReadNowIsLeftAlone() throws Exception {
        fill(0, 20);
        harness.store.close();
        harness.engine.follow((call, number) -> call == Call.OPEN && number == 0 ? Fault.TRANSIENT : null);
        harness.open();
        assertThat(report().unreadSegments()).isEqualTo(1);
        assertThat(harness.listener.damage).containsExactly(SegmentDamage.UNREADABLE);
        long found = found(0, 20);
        assertThat(found).isLessThan(20);
        assertThat(harness.store.stats().usedBytes()).isGreaterThanOrEqualTo(harness.bytesOnDisk());
        // What is forgotten or replaced meanwhile may lie in it.
        for (int i = 0; i < 20; i++) {
            harness.store.delete(ChunkKey.of("k" + i));
        }
        harness.restart();
        assertThat(report().unreadSegments()).isZero();
        assertThat(found(0, 20)).isZero();
    }

    @Test
    void aSecondDaemonIsRefused() {
        assertThatThrownBy(() ->
                        ChunkStore.open(harness.config, harness.engine, StoreListener.NONE, harness.environment()))
                .isInstanceOf(StoreException.class)
                .hasMessageContaining(
                        "in use by process " + ProcessHandle.current().pid());
        assertThat(harness.put("k", value(1, 10))).isTrue();
    }

    @Test
    void anotherNodeOfThePoolIsWelcome() throws Exception {
        StoreConfig other =
                new StoreConfig(harness.pool, "node-b", 8 * SEGMENT, SEGMENT, StoreHarness.MAX_VALUE, 1000, 10);
        try (ChunkStore store = ChunkStore.open(other, harness.engine, StoreListener.NONE, harness.environment())) {
            assertThat(store.identity().pool())
                    .isEqualTo(harness.store.identity().pool());
        }
    }

    @Test
    void anOldNodeFileDoesNotTurnTheClockBack() throws Exception {
        Path node = harness.node().resolve("NODE");
        byte[] old = Files.readAllBytes(node);
        harness.restart();
        harness.restart();
        harness.put("k", value(1, 10));
        harness.store.close();
        Files.write(node, old);
        harness.open();
        assertThat(harness.store.identity().epoch()).isEqualTo(4);
        harness.put("k", value(2, 20));
        harness.crash();
        assertThat(harness.get("k")).isEqualTo(value(2, 20));
    }

    private long quarantined() throws Exception {
        try (Stream<Path> files = Files.list(harness.node().resolve("quarantine"))) {
            return files.count();
        }
    }

    private static void flip(Path file, long offset) throws Exception {
        try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
            bytes.seek(offset);
            int old = bytes.read();
            bytes.seek(offset);
            bytes.write(old ^ 0x04);
        }
    }

    /** The last block of a segment: without it nobody looks for an index area. */
    private static byte[] seal(Path file) throws Exception {
        try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "r")) {
            byte[] block = new byte[BLOCK];
            bytes.seek(SEGMENT - BLOCK);
            bytes.readFully(block);
            return block;
        }
    }

    private static void putSeal(Path file, byte[] block) throws Exception {
        try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
            bytes.seek(SEGMENT - BLOCK);
            bytes.write(block);
        }
    }

    private static void wipe(Path file, long offset, int count) throws Exception {
        try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
            bytes.seek(offset);
            bytes.write(new byte[count]);
        }
    }

    private static void truncate(Path file, long length) throws Exception {
        try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
            bytes.setLength(length);
        }
    }

    private static long indexOffset(Path file) throws Exception {
        try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "r")) {
            bytes.seek(SEGMENT - BLOCK + 32);
            return (long) bytes.readInt() * BLOCK;
        }
    }

    @Test
    void aStartOnAFullDiskIsHelpedByWhatGoesFirstAnyway() throws Exception {
        Path pool = directory.resolve("pool");
        assertThatThrownBy(() -> ChunkStore.makeRoom(pool, "node-a")).hasMessageContaining("is in use by");
        for (int i = 0; i < 60; i++) {
            assertThat(harness.put("k" + i, value(i, 2 * BLOCK))).isTrue();
        }
        harness.store.close();
        Path node = pool.resolve("nodes/node-a");
        Path aside = node.resolve("quarantine/0000000000000001-header.seg");
        Files.writeString(aside, "damaged");
        List<Path> before = segments(node);

        assertThat(ChunkStore.makeRoom(pool, "node-a")).isTrue();
        assertThat(aside).doesNotExist();
        assertThat(segments(node)).isEqualTo(before);
        assertThat(ChunkStore.makeRoom(pool, "node-a")).isTrue();
        assertThat(segments(node)).isEqualTo(before.subList(1, before.size()));
        assertThat(ChunkStore.makeRoom(pool, "nobody")).isFalse();
        harness.open();
        assertThat(harness.get("k0")).isNull();
        assertThat(harness.get("k59")).isEqualTo(value(59, 2 * BLOCK));
    }

    private static List<Path> segments(Path node) throws IOException {
        try (Stream<Path> files = Files.list(node)) {
            return files.filter(file -> file.toString().endsWith(".seg"))
                    .sorted()
                    .toList();
        }
    }
}
