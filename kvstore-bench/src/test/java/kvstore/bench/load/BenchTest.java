package kvstore.bench.load;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import kvstore.bench.CleanUp;
import kvstore.bench.TestLauncher;
import kvstore.client.cli.Progress;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** With a real daemon as a child process. */
@Tag("long")
final class BenchTest {
    @TempDir
    private Path directory;

    @Test
    void measuresTheDaemonAndSaysWhoIsMissing() {
        LoadPlan plan = new LoadPlan(List.of(64L << 10, 1L << 20), 8, 4, 2);
        try (CleanUp cleanUp = new CleanUp()) {
            BenchReport report = new Bench(
                            plan,
                            Set.of(PeerKind.CLIENT, PeerKind.FS_NATIVE),
                            TestLauncher.withLittleMemory(),
                            List.of("data.read-threads=2"),
                            directory.resolve("no-lmcache"),
                            new Progress.Lines(new PrintWriter(new StringWriter())),
                            cleanUp)
                    .run(directory);

            assertThat(report.results()).hasSize(2).allSatisfy(result -> {
                assertThat(result.peer()).isEqualTo("client");
                assertThat(result.samples()).hasSize(2);
                assertThat(result.storeGigabytesPerSecond()).isPositive();
                assertThat(result.loadGigabytesPerSecond()).isPositive();
            });
            assertThat(report.failures()).isZero();
            assertThat(report.missing()).singleElement().asString().contains("fs_native", "no-lmcache");
            assertThat(report.lookup()).isPresent();
            assertThat(report.allocatedPerPayloadByte()).isPresent();
            assertThat(report.disk()).isNotEmpty();
        }
        assertThat(directory).isEmptyDirectory();
    }
}
