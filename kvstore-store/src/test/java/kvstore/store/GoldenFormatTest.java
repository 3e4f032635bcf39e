package kvstore.store;

import static kvstore.store.StoreHarness.BLOCK;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import kvstore.api.ChunkKey;
import kvstore.testkit.HexDump;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Pins what is on disk, byte for byte. When this fails the format has changed: then {@link BlockFormat#VERSION} must
 * change too, and {@code docs/reference/on-disk-format.md}, and a reader for the old version is wanted.
 */
final class GoldenFormatTest {
    private static final ChunkKey KEY = ChunkKey.of("llama@0@1f2e");
    private static final ChunkKey OTHER = ChunkKey.of("tenant-a", new byte[] {0, (byte) 0xff, 7});
    private static final long SIZE = 24L * BLOCK;
    private static final byte[] VALUE = "replaced".getBytes(StandardCharsets.UTF_8);

    @TempDir
    Path directory;

    @Test
    void theWriterWritesIt() throws Exception {
        StoreHarness harness = write(directory.resolve("pool"));
        assertThat(HexDump.of(harness.segmentFiles().getFirst())).isEqualTo(golden("segment-v1.hex"));
        assertThat(Files.readString(harness.pool.resolve("POOL"))).isEqualTo(golden("POOL"));
        assertThat(Files.readString(harness.node().resolve("NODE"))).isEqualTo(golden("NODE"));
    }

    @Test
    void theReaderReadsIt() throws Exception {
        StoreHarness harness = write(directory.resolve("pool"));
        Path segment = harness.segmentFiles().getFirst();
        HexDump.restore(golden("segment-v1.hex"), segment);
        Files.writeString(harness.pool.resolve("POOL"), golden("POOL"));
        Files.writeString(harness.node().resolve("NODE"), golden("NODE"));
        harness.open();
        assertThat(harness.store.stats().recovery().scannedSegments()).isZero();
        check(harness);
        harness.store.crash();

        // The same without index area and trailer.
        try (RandomAccessFile bytes = new RandomAccessFile(segment.toFile(), "rw")) {
            bytes.seek(SIZE - BLOCK);
            bytes.write(new byte[BLOCK]);
        }
        harness.open();
        assertThat(harness.store.stats().recovery().scannedSegments()).isEqualTo(1);
        check(harness);
        harness.close();
    }

    private static void check(StoreHarness harness) {
        assertThat(harness.store.stats().chunks()).isEqualTo(2);
        assertThat(harness.get(KEY)).isEqualTo(VALUE);
        assertThat(harness.get(OTHER)).isEqualTo(twoBlocks());
        assertThat(harness.get("gone")).isNull();
    }

    /** One of each kind of record: a value of two blocks, one that is replaced, an abandoned one, a tombstone. */
    private static StoreHarness write(Path pool) throws Exception {
        StoreHarness harness = new StoreHarness(pool, 12);
        harness.store.close();
        harness.config = new StoreConfig(pool, "node-a", 8 * SIZE, SIZE, StoreHarness.MAX_VALUE, 1000, 10);
        harness.open();
        harness.put(KEY, "first".getBytes(StandardCharsets.UTF_8));
        harness.put(OTHER, twoBlocks());
        harness.reserve("abandoned", 3L * BLOCK, "").close();
        harness.put("gone", new byte[] {1});
        harness.millis.addAndGet(1000);
        harness.put(KEY, VALUE);
        harness.store.delete(ChunkKey.of("gone"));
        harness.store.close();
        return harness;
    }

    private static byte[] twoBlocks() {
        byte[] value = new byte[BLOCK + 1];
        value[0] = 'a';
        value[BLOCK] = 'z';
        return value;
    }

    private static String golden(String name) throws IOException {
        try (InputStream file = GoldenFormatTest.class.getResourceAsStream("/golden/" + name)) {
            return new String(Objects.requireNonNull(file, name).readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
