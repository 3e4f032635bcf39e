package kvstore.bench.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import kvstore.client.cli.ExitCode;
import kvstore.client.cli.Main;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class DemoCommandTest {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    @TempDir
    private Path directory;

    @Test
    void isFoundByTheCommandLine() {
        assertThat(run("demo", "--help")).isEqualTo(ExitCode.OK.code());
        assertThat(out.toString(StandardCharsets.UTF_8)).contains("Llama-3.1-8B", "--keep", "--tokens", "Exit codes");
    }

    @Test
    void wantsAtLeastOneChunk() {
        assertThat(run("demo", "--tokens", "255")).isEqualTo(ExitCode.USAGE.code());
        assertThat(err.toString(StandardCharsets.UTF_8)).contains("--tokens must be 256", "not 255");
    }

    @Test
    void asksForDiskFirst() {
        Path absent = directory.resolve("absent");
        assertThat(run("demo", "--directory", absent.toString())).isEqualTo(ExitCode.FAILED.code());
        assertThat(err.toString(StandardCharsets.UTF_8)).contains("there is no directory " + absent);
    }

    private int run(String... args) {
        return Main.run(InputStream.nullInputStream(), new PrintStream(out), new PrintStream(err), args);
    }
}
