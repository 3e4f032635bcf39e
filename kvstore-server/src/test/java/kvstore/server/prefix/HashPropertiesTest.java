package kvstore.server.prefix;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import kvstore.v1.HashAlgorithm;
import kvstore.v1.HashEra;
import kvstore.v1.HashScheme;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What holds for every way of hashing, for random prompts. */
final class HashPropertiesTest {
    private static final int ROUNDS = 200;

    private final long seed = Long.getLong("kvstore.seed", System.nanoTime());
    private final Random random = new Random(seed);

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "UNRECOGNIZED")
    void oneChunkAfterTheOtherIsAllAtOnce(HashAlgorithm algorithm) {
        for (int round = 0; round < ROUNDS; round++) {
            int[] tokens = tokens();
            int chunkSize = 1 + random.nextInt(300);
            int chunks = (tokens.length + chunkSize - 1) / chunkSize;
            ChunkHasher hasher = hasher(algorithm);
            List<ChainHash> single = new ArrayList<>();
            ChainHash prefix = hasher.noneHash();
            for (int from = 0; from < tokens.length; from += chunkSize) {
                int start = from;
                int end = Math.min(tokens.length, from + chunkSize);
                prefix = hasher(algorithm).next(prefix, i -> tokens[start + i], 0, end - start);
                single.add(prefix);
            }

            assertThat(hasher.hash(i -> tokens[i], tokens.length, chunkSize, chunks))
                    .as("seed %d, round %d", seed, round)
                    .isEqualTo(single);
        }
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "UNRECOGNIZED")
    void promptsShareTheHashesOfTheirCommonChunksAndNoOther(HashAlgorithm algorithm) {
        for (int round = 0; round < ROUNDS; round++) {
            int[] tokens = tokens();
            int chunkSize = 1 + random.nextInt(100);
            int chunks = tokens.length / chunkSize;
            if (chunks == 0) {
                continue;
            }
            int changed = random.nextInt(chunks * chunkSize);
            int[] other = tokens.clone();
            other[changed] ^= 1 + random.nextInt(Integer.MAX_VALUE);

            List<ChainHash> before = hasher(algorithm).hash(i -> tokens[i], tokens.length, chunkSize, chunks);
            List<ChainHash> after = hasher(algorithm).hash(i -> other[i], other.length, chunkSize, chunks);

            int common = changed / chunkSize;
            assertThat(after.subList(0, common))
                    .as("seed %d, round %d", seed, round)
                    .isEqualTo(before.subList(0, common));
            assertThat(after.subList(common, chunks))
                    .as("seed %d, round %d", seed, round)
                    .doesNotContainAnyElementsOf(before);
        }
    }

    private ChunkHasher hasher(HashAlgorithm algorithm) {
        return HashSchemes.hasher(
                HashScheme.newBuilder().setAlgorithm(algorithm).build(), HashEra.HASH_ERA_FOLDED);
    }

    private int[] tokens() {
        return random.ints(1 + random.nextInt(1000)).toArray();
    }
}
