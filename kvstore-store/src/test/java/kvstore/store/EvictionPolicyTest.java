package kvstore.store;

import static kvstore.store.StoreHarness.BLOCK;
import static kvstore.store.StoreHarness.value;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import kvstore.api.ChunkKey;
import kvstore.store.EvictionConfig.Policy;
import kvstore.store.FaultyEngine.Call;
import kvstore.store.FaultyEngine.Fault;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What every policy has to keep, and what each promises beyond that. */
final class EvictionPolicyTest {
    private static final int SEGMENTS = 6;

    /** Large enough that a spare one is made while the open one has room for what is moved. */
    private static final long SEGMENT = 40L * BLOCK;

    /** Two blocks with its header. */
    private static final int LENGTH = BLOCK - 100;

    @TempDir
    Path directory;

    private StoreHarness open(Policy policy, double share, double leasedShare) throws StoreException {
        return open("pool", policy, share, leasedShare);
    }

    private StoreHarness open(String pool, Policy policy, double share, double leasedShare) throws StoreException {
        StoreHarness harness = new StoreHarness(directory.resolve(pool), SEGMENTS);
        long capacity = SEGMENTS * SEGMENT;
        harness.config = new StoreConfig(harness.pool, "node-a", capacity, SEGMENT, StoreHarness.MAX_VALUE, 60_000, 100)
                .with(new EvictionConfig(policy, share, 600, leasedShare));
        harness.restart();
        return harness;
    }

    private static void put(StoreHarness harness, int from, int to) {
        for (int i = from; i < to; i++) {
            assertThat(harness.put("k" + i, value(i, LENGTH))).isTrue();
        }
    }

    private static void pass(StoreHarness harness, int seconds) {
        harness.millis.addAndGet(seconds * 1000L);
        harness.nanos.addAndGet(TimeUnit.SECONDS.toNanos(seconds));
    }

    private static LookupResult lookup(StoreHarness harness, long leaseMillis, int... keys) {
        List<ChunkKey> list =
                IntStream.of(keys).mapToObj(i -> ChunkKey.of("k" + i)).toList();
        return harness.store.lookup(list, "", leaseMillis);
    }

    /** Segments go in the order of their age, so only inside of one is there an order between chunks. */
    private static boolean inOneSegment(StoreHarness harness, int head) {
        return harness.store.list(10_000, "", new byte[0]).chunks().stream()
                        .filter(chunk -> IntStream.range(head, head + 4)
                                .anyMatch(i -> chunk.key().equals(ChunkKey.of("k" + i))))
                        .map(ListPage.ListedChunk::segment)
                        .distinct()
                        .count()
                == 1;
    }

    private static boolean has(StoreHarness harness, int key) {
        byte[] found = harness.get("k" + key);
        if (found != null) {
            assertThat(found).isEqualTo(value(key, LENGTH));
        }
        return found != null;
    }

    @ParameterizedTest
    @EnumSource(Policy.class)
    void keepsTheCapacityAndExactBytesThroughCrashes(Policy policy) throws Exception {
        try (StoreHarness harness = open(policy, 0.3, 0.5)) {
            Random random = new Random(policy.label().length());
            Set<Integer> stored = new HashSet<>();
            for (int step = 0; step < 700; step++) {
                pass(harness, random.nextInt(20));
                int key = random.nextInt(160);
                if (random.nextInt(3) > 0) {
                    assertThat(harness.put("k" + key, value(key, LENGTH))).isTrue();
                    stored.add(key);
                    assertThat(has(harness, key)).isTrue();
                } else if (random.nextInt(20) == 0) {
                    harness.store.delete(ChunkKey.of("k" + key));
                    stored.remove(key);
                    assertThat(has(harness, key)).isFalse();
                } else if (random.nextInt(20) == 0) {
                    harness.crash();
                } else if (has(harness, key)) {
                    assertThat(stored).contains(key);
                }
                assertThat(harness.bytesOnDisk()).isLessThanOrEqualTo(harness.config.capacityBytes());
                assertThat(harness.store.stats().usedBytes()).isGreaterThanOrEqualTo(harness.bytesOnDisk());
            }
            assertThat(harness.listener.complaints()).isZero();
        }
    }

    @ParameterizedTest
    @EnumSource(Policy.class)
    void whatIsLeasedStays(Policy policy) throws Exception {
        try (StoreHarness harness = open(policy, 0.1, 0.5)) {
            put(harness, 0, 2);
            assertThat(lookup(harness, 50_000, 0, 1).leaseId()).isNotZero();
            for (int i = 10; i < 150; i++) {
                pass(harness, i % 4 == 0 ? 1 : 0);
                put(harness, i, i + 1);
                assertThat(has(harness, 0)).isTrue();
                assertThat(has(harness, 1)).isTrue();
            }
        }
    }

    @Test
    void leasesHoldNoMoreBytesThanTheyMay() throws Exception {
        try (StoreHarness harness = open(Policy.OLDEST, 0.1, 0.5)) {
            put(harness, 0, 70);
            LookupResult first = lookup(harness, 1000, 0, 20, 40);
            assertThat(first.leaseId()).isNotZero();
            assertThat(harness.store.stats().leasedBytes()).isEqualTo(3 * SEGMENT);
            LookupResult refused = lookup(harness, 1000, 69);
            assertThat(refused.leaseId()).isZero();
            assertThat(refused.leadingHits()).isEqualTo(1);
            assertThat(harness.listener.leasesRefused.get()).isEqualTo(1);
            // The same segments again cost nothing.
            assertThat(lookup(harness, 1000, 0).leaseId()).isNotZero();
            pass(harness, 2);
            assertThat(lookup(harness, 1000, 69).leaseId()).isNotZero();
            assertThat(harness.store.stats().leasedBytes()).isEqualTo(SEGMENT);
        }
    }

    @Test
    void whatWasReadIsWrittenAgainAndSurvivesARestart() throws Exception {
        try (StoreHarness harness = open(Policy.REINSERT, 0.3, 0.5)) {
            put(harness, 0, 4);
            for (int i = 10; i < 260; i++) {
                pass(harness, 20);
                put(harness, i, i + 1);
                assertThat(lookup(harness, 0, 0).leadingHits()).isEqualTo(has(harness, 0) ? 1 : 0);
            }
            assertThat(harness.listener.reinsertedChunks.get()).isPositive();
            assertThat(has(harness, 1)).isFalse();
            boolean before = has(harness, 0);
            harness.crash();
            // A start makes room for its first segment, and what was read before it is not known.
            assertThat(harness.listener.evictedSegments).hasSizeLessThanOrEqualTo(1);
            assertThat(has(harness, 0)).isEqualTo(before && harness.listener.evictedSegments.isEmpty());
        }
    }

    @Test
    void theBudgetIsNeverExceededAndInsideOfASegmentTheTailGoesFirst() throws Exception {
        double share = 0.2;
        Set<Integer> whole = new HashSet<>();
        try (StoreHarness harness = open(Policy.REINSERT, share, 0.5)) {
            for (int chain = 0; chain < 60; chain++) {
                int head = chain * 4;
                pass(harness, 1);
                put(harness, head, head + 4);
                // Wanted again when it is to go soon, or it would not be worth its budget.
                int wanted = Math.max(0, chain - 14) * 4;
                lookup(harness, 0, wanted, wanted + 1, wanted + 2, wanted + 3);
                long evicted = (harness.listener.evictedSegments.size() + 1) * SEGMENT;
                assertThat(harness.listener.reinsertedChunks.get() * 2L * BLOCK)
                        .isLessThanOrEqualTo((long) (evicted * share));
                if (inOneSegment(harness, head)) {
                    whole.add(chain);
                }
                for (int earlier : whole) {
                    List<Boolean> found = new ArrayList<>();
                    for (int i = 0; i < 4; i++) {
                        found.add(harness.store.lookup(
                                                List.of(ChunkKey.of("none"), ChunkKey.of("k" + (earlier * 4 + i))),
                                                "",
                                                0)
                                        .sizes()[1]
                                > 0);
                    }
                    assertThat(String.valueOf(found).replaceAll("[^tf]", "")).matches("t*f*");
                }
            }
            assertThat(harness.listener.reinsertedChunks.get()).isPositive();
            assertThat(harness.listener.refusedReinsertions.get()).isPositive();
        }
    }

    /**
     * The head of a conversation lies in an older segment than its tail, and comes up for eviction first. A lookup counts as
     * a use of both, so the head is moved before its segment goes, and the chain stays whole as long as the budget reaches.
     */
    @Test
    void aChainOverManySegmentsStaysWholeWithinTheBudget() throws Exception {
        try (StoreHarness harness = open(Policy.REINSERT, 0.5, 0.5)) {
            int turns = 12;
            int next = 1000;
            for (int turn = 0; turn < 200; turn++) {
                pass(harness, 15);
                // A turn asks for the chain so far, reads it and adds to it; between two turns others write.
                int length = Math.min(turn, turns);
                int[] chain = IntStream.range(0, length).toArray();
                assertThat(lookup(harness, 0, chain).leadingHits())
                        .as("turn %d", turn)
                        .isEqualTo(length);
                assertThat(IntStream.of(chain)).allMatch(i -> has(harness, i));
                if (turn < turns) {
                    put(harness, turn, turn + 1);
                }
                put(harness, next, next + 4);
                next += 4;
            }
            assertThat(harness.listener.evictedSegments).hasSizeGreaterThan(2 * SEGMENTS);
            assertThat(harness.listener.reinsertedChunks.get()).isGreaterThan(turns);
            assertThat(harness.listener.refusedReinsertions.get()).isZero();
        }
    }

    @Test
    void aKillInTheMiddleOfAReinsertionLosesNothing() throws Exception {
        for (int at = 0; at < 8; at++) {
            try (StoreHarness harness = open("kill" + at, Policy.REINSERT, 0.5, 0.5)) {
                int next = 100;
                put(harness, 0, 4);
                while (harness.listener.evictedSegments.isEmpty() && next < 1000) {
                    put(harness, next, ++next);
                }
                // The next segment to go is full of what is wanted.
                for (int i = 104; i < next; i++) {
                    lookup(harness, 0, i);
                }
                int[] left = {at};
                harness.engine.follow((call, _) -> call == Call.WRITE && left[0]-- <= 0 ? Fault.TORN : null);
                boolean _ = harness.put("more", value(1, LENGTH));
                boolean _ = harness.put("more2", value(2, LENGTH));
                Set<Integer> before = new HashSet<>();
                for (int i = 100; i < next; i++) {
                    if (has(harness, i)) {
                        before.add(i);
                    }
                }
                harness.engine.follow(FaultyEngine.NO_FAULTS);
                harness.crash();
                for (int i : before) {
                    assertThat(has(harness, i))
                            .as("k%d after a fault at write %d", i, at)
                            .isTrue();
                }
            }
        }
    }

    @Test
    void aDeleteWinsAgainstAReinsertion() throws Exception {
        try (StoreHarness harness = open(Policy.REINSERT, 0.5, 0.5)) {
            put(harness, 0, 4);
            int next = 10;
            while (harness.listener.reinsertedChunks.get() == 0 && next < 1000) {
                lookup(harness, 0, 0, 1, 2, 3, next - 1);
                lookup(harness, 0, next - 4);
                put(harness, next, ++next);
            }
            for (int i = 0; i < next; i++) {
                harness.store.delete(ChunkKey.of("k" + i));
            }
            harness.crash();
            assertThat(harness.store.stats().chunks()).isZero();
        }
    }

    @Test
    void whatIsIdleIsAMissAndItsSegmentsGo() throws Exception {
        try (StoreHarness harness = open(Policy.IDLE, 0.1, 0.5)) {
            put(harness, 0, 60);
            pass(harness, 400);
            lookup(harness, 0, 0, 1, 99, 2);
            pass(harness, 201);
            assertThat(has(harness, 0)).isTrue();
            assertThat(has(harness, 1)).isTrue();
            assertThat(has(harness, 2)).as("behind a gap, so not touched").isFalse();
            assertThat(harness.listener.expiredChunks.get()).isPositive().isLessThan(58);
            assertThat(harness.listener.evictedSegments).isEmpty();
            assertThat(harness.bytesOnDisk()).isLessThan(4 * SEGMENT);
            assertThat(harness.put("k2", value(2, LENGTH))).isTrue();
            assertThat(has(harness, 2)).isTrue();
            harness.restart();
            assertThat(has(harness, 0)).as("a start counts as a use").isTrue();
        }
    }

    @Test
    void anIdleChainLosesItsTailFirst() throws Exception {
        try (StoreHarness harness = open(Policy.IDLE, 0.1, 0.5)) {
            put(harness, 0, 10);
            Random random = new Random(7);
            int[] chain = IntStream.range(0, 10).toArray();
            for (int round = 0; round < 60; round++) {
                pass(harness, 60 + random.nextInt(120));
                int found = lookup(
                                harness,
                                0,
                                IntStream.range(0, 1 + random.nextInt(10)).toArray())
                        .leadingHits();
                // Gets in the order of the chain take longer than a second each.
                for (int i = 0; i < found; i++) {
                    pass(harness, 1);
                    assertThat(has(harness, i)).isTrue();
                }
                LookupResult all = harness.store.lookup(
                        IntStream.of(chain).mapToObj(i -> ChunkKey.of("k" + i)).toList(), "nobody", 0);
                assertThat(all.found().cardinality())
                        .as("found beyond the first gap")
                        .isEqualTo(all.leadingHits());
                if (all.leadingHits() == 0) {
                    put(harness, 0, 10);
                }
            }
        }
    }

    @Test
    void settingsAreChecked() {
        assertThatThrownBy(() -> new EvictionConfig(Policy.REINSERT, 0.6, 600, 0.5))
                .hasMessage("reinsertShare = 0.6: must be 0 (none) to 0.5");
        assertThatThrownBy(() -> new EvictionConfig(Policy.IDLE, 0.1, 59, 0.5))
                .hasMessageContaining("idleSeconds = 59");
        assertThatThrownBy(() -> new EvictionConfig(Policy.OLDEST, 0.1, 0, 0))
                .hasMessageContaining("leasedShareMax = 0");
    }
}
