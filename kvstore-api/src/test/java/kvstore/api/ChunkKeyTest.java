package kvstore.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

final class ChunkKeyTest {
    private static final String LMCACHE_KEY =
            "meta-llama/Llama-3.1-8B@01000100@0@084547b6c40ed5b05ba8cd0305db5bf74d5617673948d9ed193ab7d6cbc484d4";

    @Test
    void isItsBytesAndItsNamespace() {
        assertThat(ChunkKey.of("a")).isEqualTo(ChunkKey.of(new byte[] {'a'})).hasSameHashCodeAs(ChunkKey.of("a"));
        assertThat(ChunkKey.of("a")).isNotEqualTo(ChunkKey.of("b"));
        assertThat(ChunkKey.of("x", new byte[] {'a'})).isNotEqualTo(ChunkKey.of("a"));
    }

    @Test
    void hasOneToOneThousandBytes() {
        assertThat(ChunkKey.of(new byte[ChunkKey.MAX_BYTES]).length()).isEqualTo(1024);
        assertThatThrownBy(() -> ChunkKey.of(new byte[0])).hasMessageContaining("not 0");
        assertThatThrownBy(() -> ChunkKey.of(new byte[1025])).hasMessageContaining("not 1025");
        assertThatThrownBy(() -> ChunkKey.of("n".repeat(129), new byte[1])).hasMessageContaining("namespace");
    }

    @Test
    void isShownAsTextWhereItIsText() {
        assertThat(ChunkKey.of(LMCACHE_KEY)).hasToString(LMCACHE_KEY);
        assertThat(ChunkKey.of(new byte[] {(byte) 0xff, 1})).hasToString("hex:ff01");
        assertThat(ChunkKey.of("line\nbreak")).hasToString("hex:6c696e650a627265616b");
    }

    @Test
    void digestIsSha256OfNamespaceAndKey() {
        // printf '\0abc' | sha256sum
        assertThat(KeyDigest.of(ChunkKey.of("abc"))).isEqualTo(new KeyDigest(0x609f6e36d2405585L, 0x188d5cfd761f407cL));
    }

    @Test
    void namespaceAndKeyDoNotRunTogether() {
        assertThat(KeyDigest.of(ChunkKey.of("ab", new byte[] {'c'})))
                .isNotEqualTo(KeyDigest.of(ChunkKey.of("a", new byte[] {'b', 'c'})));
    }
}
