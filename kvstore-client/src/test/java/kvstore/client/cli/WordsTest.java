package kvstore.client.cli;

import static org.assertj.core.api.Assertions.assertThat;

import kvstore.v1.MissReason;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;

@NullMarked
final class WordsTest {
    @Test
    void sizes() {
        assertThat(Words.size(0)).isEqualTo("0 B");
        assertThat(Words.size(1023)).isEqualTo("1023 B");
        assertThat(Words.size(1024)).isEqualTo("1.0 KiB");
        assertThat(Words.size(12L << 20)).isEqualTo("12.0 MiB");
        assertThat(Words.size(Long.MAX_VALUE)).isEqualTo("8.0 EiB");
    }

    @Test
    void constants() {
        assertThat(Words.of(MissReason.MISS_REASON_OTHER_LENGTH, "MISS_REASON_"))
                .isEqualTo("other_length");
        assertThat(Words.of(MissReason.UNRECOGNIZED, "MISS_REASON_")).isEqualTo("unrecognized");
    }

    @Test
    void tablesAreAligned() {
        assertThat(new Table().add("a", "bb", "").add("ccc", "d", "e")).hasToString("a    bb\nccc  d   e\n");
    }
}
