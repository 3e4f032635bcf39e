package kvstore.bench.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import org.junit.jupiter.api.Test;

final class PromptTest {
    private static final ModelShape LLAMA = ModelShape.LLAMA_3_1_8B;
    private static final long SEED = 1;

    @Test
    void hasTheRealShape() {
        Prompt prompt = Prompt.of(LLAMA, 8192, SEED);

        assertThat(LLAMA.chunkBytes()).isEqualTo(32 << 20);
        assertThat(prompt.chunks()).isEqualTo(32);
        assertThat(prompt.bytes()).isEqualTo(1 << 30);
    }

    @Test
    void namesChunksAsLmcacheDoes() {
        assertThat(Prompt.of(LLAMA, 512, SEED).keys())
                .allSatisfy(
                        key -> assertThat(key.toString()).matches("meta-llama/Llama-3\\.1-8B@01000100@0@[0-9a-f]{64}"));
    }

    @Test
    void leavesOutThePartlyFilledChunk() {
        assertThat(Prompt.of(LLAMA, 511, SEED).chunks()).isEqualTo(1);
    }

    @Test
    void chainsItsHashes() {
        Prompt prompt = Prompt.of(LLAMA, 8192, SEED);

        assertThat(new HashSet<>(prompt.keys())).hasSize(32);
        assertThat(Prompt.of(LLAMA, 4096, SEED).keys()).isEqualTo(prompt.keys().subList(0, 16));
        assertThat(Prompt.of(LLAMA, 8192, SEED + 1).keys()).doesNotContainAnyElementsOf(prompt.keys());
    }
}
