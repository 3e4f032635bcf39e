package kvstore.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import kvstore.api.KeyDigest;
import org.junit.jupiter.api.Test;

final class HiddenKeysTest {
    @Test
    void behavesAsAMapOfTheHighestSequence() {
        Random random = new Random(1);
        HiddenKeys hidden = new HiddenKeys();
        Map<KeyDigest, Long> model = new HashMap<>();
        for (int step = 0; step < 50_000; step++) {
            // Few distinct hashes, so that searches run into each other and around the end of the table.
            KeyDigest digest = new KeyDigest(random.nextInt(2000), (long) random.nextInt(12) << 60);
            long sequence = random.nextInt(1000);
            if (random.nextInt(3) == 0) {
                hidden.add(digest.high(), digest.low(), sequence);
                model.merge(digest, sequence, Math::max);
            }
            assertThat(hidden.hides(digest.high(), digest.low(), sequence))
                    .isEqualTo(sequence < model.getOrDefault(digest, 0L));
        }
        hidden.clear();
        model.forEach((digest, below) ->
                assertThat(hidden.hides(digest.high(), digest.low(), below - 1)).isFalse());
    }
}
