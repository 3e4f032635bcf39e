package kvstore.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class TargetTest {
    @ParameterizedTest
    @CsvSource({
        "unix:/run/kvstore/kvstore.sock, unix:/run/kvstore/kvstore.sock",
        "unix:///run/kvstore.sock, unix:/run/kvstore.sock",
        "127.0.0.1:7420, 127.0.0.1:7420",
        "node-7.example:80, node-7.example:80",
        "[::1]:7420, [::1]:7420"
    })
    void reads(String text, String shown) {
        assertThat(Target.parse(text)).hasToString(shown).isEqualTo(Target.parse(shown));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "host",
                ":7420",
                "host:",
                "host:port",
                "host:0",
                "host:65536",
                "::1:7420",
                "unix:relative.sock",
                "unix:"
            })
    void refusesWithTheTextInTheSentence(String text) {
        assertThatThrownBy(() -> Target.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("target ")
                .hasMessageContaining(text);
    }

    @ParameterizedTest
    @ValueSource(ints = {107, 108})
    void aSocketsPathHasALimit(int length) {
        Path path = Path.of("/" + "x".repeat(length - 1));
        if (length <= Target.MAX_SOCKET_PATH_BYTES) {
            assertThat(new Target.Unix(path).path()).isEqualTo(path);
        } else {
            assertThatThrownBy(() -> new Target.Unix(path)).hasMessageContaining("107 bytes");
        }
    }
}
