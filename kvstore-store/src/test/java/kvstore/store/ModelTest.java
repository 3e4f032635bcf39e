package kvstore.store;

import static kvstore.store.StoreHarness.BLOCK;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import kvstore.api.BlockChecksums;
import kvstore.api.ChunkKey;
import kvstore.api.IoFailure;
import kvstore.store.EvictionConfig.Policy;
import kvstore.store.FaultyEngine.Fault;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Random operations against a map: exact bytes or a miss; what was acknowledged is found unless it was evicted or deleted;
 * the files never exceed the capacity.
 */
final class ModelTest {
    private static final int KEYS = 40;
    private static final int SEGMENTS = 6;

    @TempDir
    Path directory;

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void withoutFaults(long seed) throws Exception {
        run(seed, 700, 0);
    }

    @ParameterizedTest
    @ValueSource(longs = {101, 102, 103, 104, 105, 106})
    void withFaults(long seed) throws Exception {
        run(seed, 700, 0.02);
    }

    @Test
    @Tag("long")
    void manySeeds() throws Exception {
        for (long seed = 1000; seed < 1200; seed++) {
            run(seed, 2000, seed % 2 == 0 ? 0 : 0.02);
        }
    }

    private void run(long seed, int steps, double faults) throws Exception {
        Path pool = directory.resolve("pool-" + seed);
        Policy[] policies = Policy.values();
        EvictionConfig eviction = new EvictionConfig(policies[(int) (seed % policies.length)], 0.3, 120, 1);
        try (StoreHarness harness = new StoreHarness(pool, SEGMENTS)) {
            harness.config = harness.config.with(eviction);
            harness.restart();
            Round round = new Round(harness, new Random(seed), faults);
            for (int step = 0; step < steps; step++) {
                try {
                    round.step();
                } catch (Exception | AssertionError e) {
                    throw new AssertionError("seed " + seed + ", step " + step + ": " + e.getMessage(), e);
                }
            }
        }
    }

    private static final class Round {
        private final StoreHarness harness;
        private final Random random;
        private final double faults;

        /** What was acknowledged last, by key; the value follows from its number. */
        private final Map<String, byte[]> model = new HashMap<>();

        /** Every value that was ever put under a key: with faults, deletes may be undone. */
        private final Map<String, Set<Integer>> lengthsPut = new HashMap<>();

        private final Map<String, Reservation> pending = new HashMap<>();
        private final List<PinnedChunk> pins = new ArrayList<>();
        private final List<byte[]> pinned = new ArrayList<>();

        /** Chunks evicted in earlier lives of the store, and acknowledged keys that were missed. */
        private long evictedBefore;

        private long lost;

        Round(StoreHarness harness, Random random, double faults) {
            this.harness = harness;
            this.random = random;
            this.faults = faults;
            heal();
            if (faults > 0) {
                disturb();
            }
        }

        private void heal() {
            harness.engine.follow(FaultyEngine.NO_FAULTS);
        }

        private void disturb() {
            Fault[] kinds = Fault.values();
            harness.engine.follow((_, _) -> random.nextDouble() < faults ? kinds[random.nextInt(kinds.length)] : null);
        }

        void step() throws Exception {
            harness.millis.addAndGet(1000);
            harness.nanos.addAndGet(TimeUnit.MILLISECONDS.toNanos(100));
            switch (random.nextInt(20)) {
                case 0, 1, 2, 3, 4, 5 -> put(key());
                case 6, 7, 8, 9, 10 -> get(key());
                case 11 -> delete();
                case 12 -> begin(key());
                case 13 -> finish();
                case 14 -> pin(key());
                case 15 -> unpin();
                case 16 -> lookup();
                case 17 -> getAll();
                case 18 -> {
                    if (random.nextInt(4) == 0) {
                        end(true);
                    }
                }
                default -> {
                    if (random.nextInt(4) == 0) {
                        end(false);
                    }
                }
            }
            assertThat(harness.bytesOnDisk()).isLessThanOrEqualTo(StoreHarness.capacity(SEGMENTS));
            assertThat(harness.store.stats().usedBytes()).isGreaterThanOrEqualTo(harness.bytesOnDisk());
        }

        private String key() {
            return "key-" + random.nextInt(KEYS);
        }

        private static byte[] value(String key, int length) {
            return StoreHarness.value(key.hashCode(), length);
        }

        private byte[] newValue(String key) {
            int length = 1 + random.nextInt(3 * BLOCK);
            lengthsPut.computeIfAbsent(key, _ -> new HashSet<>()).add(length);
            return value(key, length);
        }

        private void put(String key) {
            boolean busy = pending.containsKey(key);
            byte[] before = model.get(key);
            byte[] value = before != null && random.nextBoolean() ? before : newValue(key);
            if (harness.put(key, value)) {
                assertThat(busy).isFalse();
                model.put(key, value);
            }
        }

        private void begin(String key) throws IoFailure {
            byte[] value = newValue(key);
            if (harness.store.reserve(ChunkKey.of(key), value.length, "", StoreHarness.NO_WAIT)
                    instanceof ReserveResult.Reserved(Reservation reservation)) {
                pending.put(key, reservation);
            }
        }

        private void finish() {
            if (pending.isEmpty()) {
                return;
            }
            String key = pending.keySet().stream().sorted().findFirst().orElseThrow();
            try (Reservation reservation = Objects.requireNonNull(pending.remove(key))) {
                byte[] value = value(key, (int) reservation.length());
                BlockChecksums checksums = StoreHarness.write(reservation, value);
                if (random.nextInt(3) > 0) {
                    reservation.commit(checksums);
                    model.put(key, value);
                }
            } catch (IoFailure _) {
                assertThat(faults).isPositive();
            }
        }

        private void get(String key) {
            byte[] value = harness.get(key);
            if (value == null) {
                forgotten(key);
            } else if (faults == 0) {
                check(key, value, model.get(key));
            } else {
                assertThat(lengthsPut.get(key)).contains(value.length);
                check(key, value, value(key, value.length));
            }
        }

        private void getAll() {
            IntStream.range(0, KEYS).forEach(i -> get("key-" + i));
        }

        /** Without faults, a key may be missing only if so many chunks were evicted, or it was idle for too long. */
        private void forgotten(String key) {
            boolean idles = harness.config.eviction().policy() == Policy.IDLE;
            if (model.remove(key) != null && faults == 0 && !idles) {
                lost++;
                assertThat(lost).as("losses, the last of " + key).isLessThanOrEqualTo(evicted());
            }
        }

        private long evicted() {
            return evictedBefore + harness.listener.evictedChunks.get();
        }

        private static void check(String key, byte[] found, byte @Nullable [] wanted) {
            assertThat(wanted).as("%s was found but not stored", key).isNotNull();
            assertThat(found.length).as("length of " + key).isEqualTo(wanted.length);
            assertThat(Arrays.equals(found, wanted)).as("bytes of " + key).isTrue();
        }

        private void delete() {
            String key = key();
            harness.store.delete(ChunkKey.of(key));
            model.remove(key);
        }

        private void pin(String key) {
            if (pins.size() < 2 && harness.store.pin(ChunkKey.of(key)) instanceof PinResult.Pinned(PinnedChunk chunk)) {
                byte[] now = StoreHarness.read(chunk);
                if (now == null) {
                    chunk.close();
                } else {
                    pins.add(chunk);
                    pinned.add(now);
                }
            }
        }

        private void unpin() {
            if (!pins.isEmpty()) {
                byte[] value = StoreHarness.read(pins.getFirst());
                if (value != null || faults == 0) {
                    check("pinned", Objects.requireNonNull(value), pinned.getFirst());
                }
                pins.removeFirst().close();
                pinned.removeFirst();
            }
        }

        private void lookup() {
            List<ChunkKey> keys = IntStream.range(0, KEYS)
                    .mapToObj(i -> ChunkKey.of("key-" + i))
                    .toList();
            LookupResult result = harness.store.lookup(keys, "", random.nextInt(3) * 100L);
            for (int i = 0; i < KEYS; i++) {
                byte[] wanted = model.get("key-" + i);
                if (faults == 0 && result.found().get(i)) {
                    assertThat(wanted).isNotNull();
                    assertThat(result.sizes()[i]).isEqualTo(wanted.length);
                }
            }
        }

        private void end(boolean clean) throws StoreException {
            heal();
            long chunks = harness.store.stats().chunks();
            evictedBefore = evicted();
            pins.clear();
            pinned.clear();
            pending.clear();
            if (clean) {
                harness.restart();
            } else {
                harness.crash();
            }
            if (faults == 0) {
                RecoveryReport found = harness.store.stats().recovery();
                if (found.evictedSegments() == 0) {
                    assertThat(found.chunks()).isEqualTo(chunks);
                }
                assertThat(found.quarantinedSegments()).isZero();
            }
            if (faults > 0) {
                disturb();
            }
        }
    }
}
