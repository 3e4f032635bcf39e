package kvstore.store;

import static kvstore.store.StoreHarness.BLOCK;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import kvstore.api.ChunkKey;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Pins what is on disk, byte for byte. When this fails the format has changed: then {@link BlockFormat#VERSION} must
 * change too, and {@code docs/reference/on-disk-format.md}, and a reader for the old version is wanted.
 */
final class GoldenFormatTest {
    private static final HexFormat HEX = HexFormat.of();
    private static final ChunkKey KEY = ChunkKey.of("llama@0@1f2e");
    private static final ChunkKey OTHER = ChunkKey.of("tenant-a", new byte[] {0, (byte) 0xff, 7});
    private static final long SIZE = 24L * BLOCK;
    private static final byte[] VALUE = "replaced".getBytes(StandardCharsets.UTF_8);

    @TempDir
    Path directory;

    @Test
    void theWriterWritesIt() throws Exception {
        StoreHarness harness = write(directory.resolve("pool"));
        assertThat(dump(harness.segmentFiles().getFirst())).isEqualTo(golden("segment-v1.hex"));
        assertThat(Files.readString(harness.pool.resolve("POOL"))).isEqualTo(golden("POOL"));
        assertThat(Files.readString(harness.node().resolve("NODE"))).isEqualTo(golden("NODE"));
    }

    @Test
    void theReaderReadsIt() throws Exception {
        StoreHarness harness = write(directory.resolve("pool"));
        Path segment = harness.segmentFiles().getFirst();
        Files.delete(segment);
        restore(golden("segment-v1.hex"), segment);
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

    /** Rows of 32 bytes in hexadecimal, behind their offset; rows of zeros are left out. */
    private static String dump(Path file) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        StringBuilder text = new StringBuilder("%08x size%n".formatted(bytes.length));
        for (int at = 0; at < bytes.length; at += 32) {
            byte[] row = Arrays.copyOfRange(bytes, at, at + 32);
            if (!Arrays.equals(row, new byte[32])) {
                text.append("%08x %s%n".formatted(at, HEX.formatHex(row)));
            }
        }
        return text.toString();
    }

    private static void restore(String dump, Path file) throws IOException {
        List<String> lines = dump.lines().toList();
        byte[] bytes = new byte[HexFormat.fromHexDigits(lines.getFirst(), 0, 8)];
        for (String line : lines.subList(1, lines.size())) {
            byte[] row = HEX.parseHex(line.substring(9));
            System.arraycopy(row, 0, bytes, HexFormat.fromHexDigits(line, 0, 8), row.length);
        }
        Files.write(file, bytes);
    }

    private static String golden(String name) throws IOException {
        try (InputStream file = GoldenFormatTest.class.getResourceAsStream("/golden/" + name)) {
            return new String(Objects.requireNonNull(file, name).readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
