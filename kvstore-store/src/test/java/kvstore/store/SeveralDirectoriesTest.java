package kvstore.store;

import static kvstore.store.StoreHarness.BLOCK;
import static kvstore.store.StoreHarness.value;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import kvstore.api.ChunkKey;
import kvstore.store.FaultyEngine.Fault;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** One node with two directories: how they share the work, and what becomes of one when the other fails. */
final class SeveralDirectoriesTest {
    private static final int LENGTH = 2 * BLOCK;

    @TempDir
    Path directory;

    private StoreHarness harness;
    private Path first;
    private Path second;

    @BeforeEach
    void open() throws StoreException {
        first = directory.resolve("pool");
        second = directory.resolve("second");
        harness = new StoreHarness(first, 10);
        harness.config = with(second);
        harness.restart();
    }

    @AfterEach
    void close() {
        harness.close();
    }

    private StoreConfig with(Path... more) {
        StoreConfig c = harness.config;
        return new StoreConfig(
                c.directory(),
                c.node(),
                c.capacityBytes(),
                c.segmentBytes(),
                c.maxValueBytes(),
                c.leaseMillisMax(),
                c.leasesMax(),
                c.eviction(),
                c.ghostsMax(),
                List.of(more),
                c.capacity());
    }

    private void fill(int from, int to) {
        for (int i = from; i < to; i++) {
            assertThat(harness.put("k" + i, value(i, LENGTH))).isTrue();
            assertCapacity();
        }
    }

    private void assertCapacity() {
        for (Path path : List.of(first, second)) {
            Path node = path.resolve("nodes/node-a");
            if (Files.exists(node)) {
                assertThat(RealBlocks.under(node)).isLessThanOrEqualTo(harness.config.capacityBytes());
            }
        }
    }

    private Set<Integer> found(int from, int to) {
        Set<Integer> found = new HashSet<>();
        for (int i = from; i < to; i++) {
            byte[] value = harness.get("k" + i);
            if (value != null) {
                assertThat(value).isEqualTo(value(i, LENGTH));
                found.add(i);
            }
        }
        return found;
    }

    private DirectoryStats stats(int number) {
        return harness.store.stats().directories().get(number);
    }

    private void pass(int seconds) {
        for (int i = 0; i < seconds; i++) {
            harness.nanos.addAndGet(TimeUnit.SECONDS.toNanos(1));
            harness.store.tick();
        }
    }

    private void move(Path from, Path to) throws IOException {
        Files.move(from, to);
    }

    @Test
    void bothTakeTheirShareAndKeepTheirCapacity() throws Exception {
        fill(0, 200);
        assertThat(stats(0).segments()).isBetween(5, 16);
        assertThat(stats(1).segments()).isBetween(5, 16);
        assertThat(harness.store.stats().capacityBytes()).isEqualTo(2 * harness.config.capacityBytes());
        assertThat(harness.listener.evictedSegments).isSorted();
        Set<Integer> found = found(0, 200);
        assertThat(found).hasSizeGreaterThan(50).contains(199);
        harness.restart();
        assertThat(found(0, 200)).isEqualTo(found);
        harness.crash();
        assertThat(found(0, 200)).containsAll(found);
        assertThat(harness.store.stats().recovery().segments()).isGreaterThan(10);
    }

    @Test
    void aDirectoryOfAnotherPoolOrNodeIsRefused() throws Exception {
        harness.store.close();
        Path other = directory.resolve("other");
        PoolDirectory.open(other, harness.environment());
        harness.config = with(other);
        assertThatThrownBy(() -> harness.open())
                .isInstanceOf(StoreException.class)
                .hasMessageContaining(other + " is of pool")
                .hasMessageContaining("must be of one pool");
        harness.config = with(second);
        harness.open();
        harness.store.close();
        // somebody copied the other node's directory here
        Path node = second.resolve("nodes/node-a/NODE");
        String text = Files.readString(node);
        MarkerFile marker = MarkerFile.of("kvstore node");
        text.lines()
                .filter(l -> l.contains("=") && !l.startsWith("crc") && !l.startsWith("format"))
                .forEach(l -> {
                    String[] parts = l.split("=", 2);
                    marker.with(parts[0], parts[0].equals("node") ? "node-b" : parts[1]);
                });
        Files.writeString(node, marker.encode());
        assertThatThrownBy(() -> harness.open())
                .isInstanceOf(StoreException.class)
                .hasMessageContaining("belongs to node 'node-b'");
        Files.writeString(node, text);
        harness.open();
    }

    @Test
    void oneThatFailsIsSetAsideAndComesBackWithItsChunks() throws Exception {
        fill(0, 60);
        Set<Integer> before = found(0, 60);
        harness.engine.under(second);
        harness.engine.follow((_, _) -> Fault.EIO);
        Set<Integer> left = found(0, 60);
        assertThat(stats(1).awayReason()).contains("EIO");
        assertThat(stats(0).awayReason()).isEmpty();
        assertThat(left).hasSizeBetween(15, 45);
        assertThat(before).containsAll(left);
        int misses = (int) harness.store.stats().awayMisses();
        assertThat(found(0, 60)).isEqualTo(left);
        assertThat(harness.store.stats().awayMisses() - misses).isEqualTo(before.size() - left.size());

        // The others go on, in the other directory.
        int shed = 0;
        for (int i = 60; i < 75; i++) {
            shed += harness.put("k" + i, value(i, LENGTH)) ? 0 : 1;
            assertCapacity();
        }
        assertThat(shed).isLessThanOrEqualTo(1);
        int gone = before.stream().filter(i -> !left.contains(i)).findFirst().orElseThrow();
        int replaced = before.stream()
                .filter(i -> !left.contains(i) && i != gone)
                .findFirst()
                .orElseThrow();
        assertThat(harness.store.pin(ChunkKey.of("k" + gone))).isInstanceOf(PinResult.Away.class);
        Explanation.Away away = (Explanation.Away) harness.store.explain(ChunkKey.of("k" + gone));
        assertThat(away.file()).startsWith(second);
        assertThat(away.length()).isEqualTo(LENGTH);
        assertThat(away.reason()).contains("EIO");
        harness.store.delete(ChunkKey.of("k" + gone));
        assertThat(harness.put("k" + replaced, value(7, 100))).isTrue();
        assertThat(harness.store.pin(ChunkKey.of("k" + gone))).isInstanceOf(PinResult.Absent.class);

        int calls = harness.engine.calls();
        pass(120);
        assertThat(harness.engine.calls() - calls).isBetween(3, 15); // it is asked again, and not often
        harness.engine.follow(FaultyEngine.NO_FAULTS);
        pass(31);
        assertThat(stats(1).awayReason()).isEmpty();
        assertThat(harness.get("k" + replaced)).isEqualTo(value(7, 100));
        assertThat(harness.store.delete(ChunkKey.of("k" + replaced))).isTrue();
        Set<Integer> back = found(0, 60);
        assertThat(back).doesNotContain(gone);
        back.addAll(List.of(gone, replaced));
        before.removeAll(left);
        assertThat(back).containsAll(before);
        fill(75, 100);
        harness.restart();
        assertThat(harness.get("k" + gone)).isNull();
        assertThat(harness.get("k" + replaced)).isNull();
        assertThat(harness.get("k99")).isEqualTo(value(99, LENGTH));
    }

    @Test
    void oneWhoseMountIsGoneIsSetAsideAndNothingIsWrittenInItsPlace() throws Exception {
        fill(0, 40);
        Set<Integer> before = found(0, 40);
        move(second, directory.resolve("unmounted"));
        Files.createDirectory(second);
        pass(1);
        assertThat(stats(1).awayReason()).isNotEmpty();
        Set<Integer> left = found(0, 40);
        assertThat(left.size()).isLessThan(before.size());
        fill(40, 60);
        assertThat(second).isEmptyDirectory();
        Files.delete(second);
        move(directory.resolve("unmounted"), second);
        pass(31);
        assertThat(stats(1).awayReason()).isEmpty();
        before.removeAll(left);
        assertThat(found(0, 40)).containsAll(before);
    }

    @Test
    void aStartWithOneMissingGoesOnAndFindsItsChunksWhenItIsBack() throws Exception {
        fill(0, 40);
        Set<Integer> before = found(0, 40);
        harness.store.close();
        move(second, directory.resolve("unmounted"));
        Files.createDirectory(second);
        harness.open();
        assertThat(stats(1).awayReason()).contains("POOL is gone").contains("mounted");
        assertThat(second).isEmptyDirectory();
        Set<Integer> left = found(0, 40);
        assertThat(left).isNotEmpty();
        List<Integer> away = before.stream().filter(i -> !left.contains(i)).toList();
        assertThat(away).hasSizeGreaterThan(5);
        Explanation unknown = harness.store.explain(ChunkKey.of("k" + away.getLast()));
        assertThat(((Explanation.Absent) unknown).unread()).isTrue();
        // Nobody knows what is in the missing one, and yet what happens now counts.
        harness.store.delete(ChunkKey.of("k" + away.get(0)));
        assertThat(harness.put("k" + away.get(1), value(7, 100))).isTrue();
        fill(40, 60);
        pass(3);

        Files.delete(second);
        move(directory.resolve("unmounted"), second);
        pass(31);
        assertThat(stats(1).awayReason()).isEmpty();
        assertThat(stats(1).segments()).isPositive();
        assertThat(harness.get("k" + away.get(0))).isNull();
        assertThat(harness.get("k" + away.get(1))).isEqualTo(value(7, 100));
        for (int i : away.subList(2, away.size())) {
            assertThat(harness.get("k" + i)).as("k" + i).isEqualTo(value(i, LENGTH));
        }
        fill(60, 80);
        assertThat(stats(1).capacity().usedBytes())
                .isBetween(RealBlocks.under(second.resolve("nodes/node-a")), harness.config.capacityBytes());
        harness.crash();
        assertThat(harness.get("k" + away.get(0))).isNull();
        assertThat(harness.get("k" + away.get(1))).isEqualTo(value(7, 100));
        assertThat(found(40, 80)).contains(79).hasSizeGreaterThan(20);
    }

    @Test
    void withoutAnyDirectoryThereIsNoStart() throws Exception {
        harness.store.close();
        move(first, directory.resolve("a"));
        move(second, directory.resolve("b"));
        Files.createDirectory(first);
        Files.writeString(first.resolve("thesis.tex"), "");
        assertThatThrownBy(() -> harness.open()).isInstanceOf(StoreException.class);
        Files.delete(first.resolve("thesis.tex"));
        Files.delete(first);
        move(directory.resolve("a"), first);
        move(directory.resolve("b"), second);
        harness.open();
    }

    /** Exact bytes or a miss, whatever comes and goes. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void comingAndGoingAtRandom(long seed) throws Exception {
        Random random = new Random(seed);
        Map<String, byte[]> model = new HashMap<>();
        harness.engine.under(second);
        boolean failing = false;
        for (int step = 0; step < 1500; step++) {
            String key = "k" + random.nextInt(60);
            switch (random.nextInt(12)) {
                case 0, 1, 2, 3 -> {
                    byte[] value = value(random.nextInt(), 1 + random.nextInt(LENGTH));
                    if (harness.put(key, value)) {
                        byte[] before = model.get(key);
                        if (before == null || before.length != value.length) {
                            model.put(key, value);
                        }
                    }
                }
                case 4, 5, 6, 7, 8 -> {
                    byte[] value = harness.get(key);
                    assertThat(value == null || Arrays.equals(value, model.get(key)))
                            .as("seed %d, step %d, %s", seed, step, key)
                            .isTrue();
                    if (value == null && !failing && stats(1).awayReason().isEmpty()) {
                        model.remove(key); // evicted
                    }
                }
                case 9 -> {
                    harness.store.delete(ChunkKey.of(key));
                    model.remove(key);
                }
                case 10 -> pass(1 + random.nextInt(3));
                default -> {
                    if (random.nextInt(4) == 0) {
                        failing = !failing;
                        Fault[] faults = {Fault.EIO, Fault.TRANSIENT};
                        Fault fault = faults[random.nextInt(2)];
                        boolean fails = failing;
                        harness.engine.follow((_, _) -> fails ? fault : null);
                    }
                }
            }
            assertCapacity();
        }
        harness.engine.follow(FaultyEngine.NO_FAULTS);
        pass(40);
        assertThat(stats(1).awayReason()).isEmpty();
        IntStream.range(0, 60).forEach(i -> {
            byte[] value = harness.get("k" + i);
            assertThat(value == null || Arrays.equals(value, model.get("k" + i)))
                    .as("seed %d, k%d", seed, i)
                    .isTrue();
        });
    }
}
