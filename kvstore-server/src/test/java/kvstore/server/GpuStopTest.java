package kvstore.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import kvstore.testkit.GpuStubs;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** In a process of its own, because what hangs is left behind. Waits as long as the region door does for its fence. */
@Tag("long")
@Timeout(120)
final class GpuStopTest {
    private static final Duration LIMIT = Duration.ofSeconds(90);

    @TempDir
    Path directory;

    @Test
    void aStopWithRequestsThatHangEndsAnyway() throws Exception {
        assertThat(new GpuStubs().hanging())
                .as("built, or aborted where there is no compiler")
                .isZero();
        Path log = directory.resolve("log");
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-cp",
                        System.getProperty("java.class.path"),
                        GpuStop.class.getName(),
                        directory.resolve("pool").toString())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        try {
            assertThat(process.waitFor(LIMIT)).as(() -> read(log)).isTrue();
            assertThat(process.exitValue()).as(() -> read(log)).isZero();
            assertThat(read(log)).contains("did not come back within 2000 ms").containsPattern("stopped after \\d+ ms");
        } finally {
            process.destroyForcibly();
        }
    }

    private static String read(Path log) {
        try {
            return Files.readString(log);
        } catch (IOException e) {
            return e.toString();
        }
    }
}
