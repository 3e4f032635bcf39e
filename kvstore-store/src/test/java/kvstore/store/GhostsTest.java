package kvstore.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import kvstore.api.KeyDigest;
import kvstore.store.Departure.Cause;
import org.junit.jupiter.api.Test;

/** The list of what is not here: bounded, newest first, and never wrong about a key. */
final class GhostsTest {
    @Test
    void remembersTheLastOfEachKey() {
        Ghosts ghosts = new Ghosts(64);
        KeyDigest key = new KeyDigest(1, 2);
        assertThat(ghosts.get(key)).isNull();
        ghosts.add(key, new Departure(Cause.EVICTED, 1_790_000_000_000L, 7, 123));
        ghosts.add(key, new Departure(Cause.SHED_NO_MEMORY, 4_200_000_000_000L, 0, Integer.MAX_VALUE));
        assertThat(ghosts.get(key))
                .isEqualTo(new Departure(Cause.SHED_NO_MEMORY, 4_200_000_000_000L, 0, Integer.MAX_VALUE));
        assertThat(ghosts.get(new KeyDigest(2, 2))).isNull();
        assertThat(ghosts.size()).isEqualTo(1);
    }

    @Test
    void noneAtAllIsAllowed() {
        Ghosts ghosts = new Ghosts(0);
        ghosts.add(new KeyDigest(1, 2), new Departure(Cause.DELETED, 1000, 1, 1));
        assertThat(ghosts.get(new KeyDigest(1, 2))).isNull();
        assertThat(ghosts.size()).isZero();
    }

    @Test
    void isBoundedAndForgetsTheOldestOfASet() {
        Ghosts ghosts = new Ghosts(8);
        for (int i = 0; i < 20; i++) {
            ghosts.add(new KeyDigest(i, 0), departure(i));
        }
        assertThat(ghosts.size()).isEqualTo(8);
        for (int i = 0; i < 20; i++) {
            assertThat(ghosts.get(new KeyDigest(i, 0))).isEqualTo(i < 12 ? null : departure(i));
        }
        ghosts.add(new KeyDigest(12, 0), departure(99)); // as good as new
        ghosts.add(new KeyDigest(20, 0), departure(20));
        assertThat(ghosts.get(new KeyDigest(12, 0))).isEqualTo(departure(99));
        assertThat(ghosts.get(new KeyDigest(13, 0))).isNull();
    }

    /** Whatever is told in whatever order: an answer is the last that was told of that key, or none. */
    @Test
    void answersAreTheLastThatWasTold() {
        long seed = new Random().nextLong();
        Random random = new Random(seed);
        int max = 1 + random.nextInt(500);
        Ghosts ghosts = new Ghosts(max);
        Map<KeyDigest, Departure> told = new HashMap<>();
        List<KeyDigest> keys = new ArrayList<>();
        for (int i = 0; i < 600; i++) {
            keys.add(new KeyDigest(random.nextLong(), random.nextLong()));
        }
        for (int i = 0; i < 20_000; i++) {
            KeyDigest key = keys.get(random.nextInt(keys.size()));
            Departure departure = departure(random.nextInt(1_000_000));
            ghosts.add(key, departure);
            told.put(key, departure);
            assertThat(ghosts.get(key)).as("seed %d", seed).isEqualTo(departure);
            KeyDigest other = keys.get(random.nextInt(keys.size()));
            Departure answer = ghosts.get(other);
            if (answer != null) {
                assertThat(answer).as("seed %d", seed).isEqualTo(told.get(other));
            }
            assertThat(ghosts.size()).as("seed %d", seed).isLessThanOrEqualTo(max + 7);
        }
        assertThat(keys.stream().filter(key -> ghosts.get(key) != null).count())
                .as("seed %d", seed)
                .isEqualTo(ghosts.size());
    }

    private static Departure departure(int i) {
        Cause[] causes = Cause.values();
        return new Departure(causes[i % causes.length], i * 1000L, i, i * 3L);
    }
}
