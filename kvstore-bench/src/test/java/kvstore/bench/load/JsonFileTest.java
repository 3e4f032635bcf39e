package kvstore.bench.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import kvstore.client.cli.CommandFailure;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class JsonFileTest {
    @TempDir
    private Path directory;

    @Test
    void isRead() throws IOException {
        assertThat(read("{\"a\": 3}")).isEqualTo(3);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "fio: oops", "[]", "{}", "{\"a\": {}}", "{\"a\": \"x\"}"})
    void isRefusedWithItsName(String text) {
        assertThatThrownBy(() -> read(text)).isInstanceOf(CommandFailure.class).hasMessageContaining("out.json");
    }

    private int read(String text) throws IOException {
        Path file = Files.writeString(directory.resolve("out.json"), text);
        return JsonFile.read(file, json -> json.get("a").getAsInt());
    }
}
