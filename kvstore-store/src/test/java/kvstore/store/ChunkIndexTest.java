package kvstore.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import kvstore.api.ChunkKey;
import kvstore.api.KeyDigest;
import kvstore.store.ChunkIndex.Slot;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ChunkIndexTest {
    private static final int SECONDS = 1_790_000_000;

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void behavesAsAMap(long seed) {
        Random random = new Random(seed);
        ChunkIndex index = new ChunkIndex();
        Map<KeyDigest, Slot> model = new HashMap<>();
        for (int step = 0; step < 60_000; step++) {
            // Few distinct hashes, so that searches run into each other and around the end of the table.
            KeyDigest digest =
                    new KeyDigest((long) random.nextInt(2) << 63 | random.nextInt(40), (long) random.nextInt(12) << 60);
            Slot slot = new Slot(1 + random.nextInt(5), random.nextInt(1 << 20), 1 + random.nextInt(1 << 30));
            switch (random.nextInt(6)) {
                case 0, 1, 2 -> {
                    index.put(digest, slot, SECONDS);
                    model.put(digest, slot);
                }
                case 3 -> assertThat(index.remove(digest)).isEqualTo(model.remove(digest));
                case 4 -> {
                    Slot there = model.get(digest);
                    Slot removed = there == null || random.nextBoolean()
                            ? index.remove(digest.high(), digest.low(), slot.segment(), slot.block())
                            : index.remove(digest.high(), digest.low(), there.segment(), there.block());
                    if (removed != null) {
                        assertThat(model.remove(digest)).isEqualTo(removed);
                    }
                }
                default -> assertThat(index.get(digest, SECONDS)).isEqualTo(model.get(digest));
            }
            if (step % 5000 == 4999) {
                int segment = 1 + random.nextInt(5);
                long chunks = model.values().stream()
                        .filter(s -> s.segment() == segment)
                        .count();
                assertThat(index.removeAll(segment)[0]).isEqualTo(chunks);
                model.values().removeIf(s -> s.segment() == segment);
            }
            assertThat(index.size()).isEqualTo(model.size());
        }
        model.forEach((digest, slot) -> assertThat(index.peek(digest)).isEqualTo(slot));
        assertThat(index.payloadBytes())
                .isEqualTo(model.values().stream().mapToLong(Slot::length).sum());
    }

    @Test
    void anEntryTakesAtMost64Bytes() {
        ChunkIndex index = new ChunkIndex();
        for (int i = 0; i < 200_000; i++) {
            index.put(KeyDigest.of(ChunkKey.of("key-" + i)), new Slot(1, i, 1), SECONDS);
            if (i > 10_000 && i % 1000 == 0) {
                assertThat(index.memoryBytes()).isLessThanOrEqualTo(64L * (i + 1));
            }
        }
    }

    @Test
    void atStartTheNewestSegmentAndTheLastBlockCount() {
        ChunkIndex index = new ChunkIndex();
        KeyDigest digest = KeyDigest.of(ChunkKey.of("k"));
        index.recover(digest.high(), digest.low(), 7, 3, 30, SECONDS);
        index.recover(digest.high(), digest.low(), 7, 9, 90, SECONDS);
        index.recover(digest.high(), digest.low(), 7, 5, 50, SECONDS);
        index.recover(digest.high(), digest.low(), 6, 99, 99, SECONDS);
        assertThat(index.peek(digest)).isEqualTo(new Slot(7, 9, 90));
        assertThat(index.payloadBytes()).isEqualTo(90);
        assertThat(index.size()).isEqualTo(1);
    }

    /** Not a benchmark: shows that a lookup of 400 keys among ten million stays far below a millisecond. */
    @Test
    @Tag("long")
    void tenMillion() {
        ChunkIndex index = new ChunkIndex();
        Random random = new Random(1);
        for (int i = 0; i < 10_000_000; i++) {
            index.put(new KeyDigest(random.nextLong(), random.nextLong()), new Slot(1, i, 1), SECONDS);
        }
        assertThat(index.memoryBytes()).isLessThanOrEqualTo(64L * 10_000_000);
        KeyDigest[] keys = new KeyDigest[400];
        long best = Long.MAX_VALUE;
        for (int round = 0; round < 200; round++) {
            for (int i = 0; i < keys.length; i++) {
                keys[i] = new KeyDigest(random.nextLong(), random.nextLong());
            }
            long start = System.nanoTime();
            for (KeyDigest key : keys) {
                assertThat(index.get(key, SECONDS) == null).isTrue();
            }
            best = Math.min(best, System.nanoTime() - start);
        }
        assertThat(best).isLessThan(1_000_000);
    }
}
