package kvstore.store;

import static kvstore.store.StoreHarness.BLOCK;
import static kvstore.store.StoreHarness.value;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import kvstore.api.ChunkKey;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Flipped bits anywhere: never wrong bytes, never a start that fails, except where a marker says whose files these are. */
final class BitFlipTest {
    private static final int KEYS = 9;

    @TempDir
    Path directory;

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void inSegments(boolean sealed) throws Exception {
        rounds(sealed, 1, 1000);
    }

    @Test
    @Tag("long")
    void inSegmentsManyTimes() throws Exception {
        rounds(true, 2, 10_000);
        rounds(false, 3, 10_000);
    }

    @ParameterizedTest
    @ValueSource(strings = {"POOL", "nodes/node-a/NODE"})
    void inMarkers(String name) throws Exception {
        StoreHarness harness = fill(true);
        Path marker = harness.pool.resolve(name);
        byte[] good = Files.readAllBytes(marker);
        for (int bit = 0; bit < good.length * 8; bit++) {
            byte[] bad = good.clone();
            bad[bit / 8] ^= (byte) (1 << (bit % 8));
            Files.write(marker, bad);
            assertThatThrownBy(harness::open)
                    .as("bit %d", bit)
                    .isInstanceOf(StoreException.class)
                    .hasMessageContaining(marker.toString());
        }
        Files.write(marker, good);
        harness.open();
        assertThat(harness.get("k0")).isEqualTo(value(0, length(0)));
        harness.close();
    }

    private void rounds(boolean sealed, long seed, int rounds) throws Exception {
        StoreHarness harness = fill(sealed);
        Snapshot snapshot = Snapshot.of(harness.node());
        Random random = new Random(seed);
        int lost = 0;
        for (int round = 0; round < rounds; round++) {
            List<Path> files = harness.segmentFiles();
            Path file = files.get(random.nextInt(files.size()));
            String where = damage(file, random);
            try {
                harness.open();
                for (int i = 0; i < KEYS; i++) {
                    byte[] found = harness.get("k" + i);
                    if (found == null) {
                        lost++;
                    } else {
                        assertThat(found).isEqualTo(value(i, length(i)));
                    }
                }
                // A tombstone goes with its segment: what it hid may come back, and only then.
                byte[] deleted = harness.get("deleted");
                if (deleted != null) {
                    assertThat(deleted).isEqualTo(value(77, 77));
                    assertThat(harness.listener.damage.size()
                                    + harness.store.stats().recovery().scannedSegments())
                            .isPositive();
                }
                harness.store.crash();
                harness.disk.close();
            } catch (Exception | AssertionError e) {
                throw new AssertionError("seed " + seed + ", round " + round + ", " + where + ": " + e.getMessage(), e);
            }
            snapshot.restore();
        }
        // Most bits lie in payloads; a damaged header costs a segment. It is never all, and never nothing.
        assertThat(lost).isBetween(rounds / 20, rounds * KEYS / 2);
    }

    /** Flips one bit: in a header, an index area or a trailer about as often as anywhere. */
    private static String damage(Path file, Random random) throws IOException {
        try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
            long blocks = bytes.length() / BLOCK;
            long block = random.nextLong(blocks);
            int offset = random.nextBoolean() ? random.nextInt(200) : random.nextInt(BLOCK);
            long position = block * BLOCK + offset;
            bytes.seek(position);
            int old = bytes.read();
            int bit = random.nextInt(8);
            bytes.seek(position);
            bytes.write(old ^ (1 << bit));
            return "bit " + bit + " of byte " + position + " of " + file;
        }
    }

    private StoreHarness fill(boolean sealed) throws Exception {
        StoreHarness harness = new StoreHarness(directory.resolve("pool-" + sealed), 8);
        harness.put("deleted", value(77, 77));
        for (int i = 0; i < KEYS; i++) {
            assertThat(harness.put("k" + i, value(i, length(i)))).isTrue();
        }
        harness.store.delete(ChunkKey.of("deleted"));
        if (sealed) {
            harness.store.close();
        } else {
            harness.store.crash();
        }
        harness.disk.close();
        return harness;
    }

    private static int length(int i) {
        return 1 + i * BLOCK / 4;
    }

    /** What the node's directory contains; puts back only what was changed, because there are many rounds. */
    private record Snapshot(Path directory, Map<Path, byte[]> contents, Map<Path, FileTime> times) {
        static Snapshot of(Path directory) throws IOException {
            Snapshot snapshot = new Snapshot(directory, new HashMap<>(), new HashMap<>());
            for (Path file : files(directory)) {
                snapshot.contents.put(file, Files.readAllBytes(file));
                snapshot.times.put(file, Files.getLastModifiedTime(file));
            }
            return snapshot;
        }

        void restore() throws IOException {
            for (Path file : files(directory)) {
                if (!contents.containsKey(file)) {
                    Files.delete(file);
                }
            }
            for (Map.Entry<Path, byte[]> entry : contents.entrySet()) {
                Path file = entry.getKey();
                if (!Files.exists(file) || !Files.getLastModifiedTime(file).equals(times.get(file))) {
                    Files.write(file, entry.getValue());
                    times.put(file, Files.getLastModifiedTime(file));
                }
            }
        }

        private static List<Path> files(Path directory) throws IOException {
            try (Stream<Path> files = Files.walk(directory)) {
                return files.filter(Files::isRegularFile).toList();
            }
        }
    }
}
