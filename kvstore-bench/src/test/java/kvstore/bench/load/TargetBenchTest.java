package kvstore.bench.load;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import kvstore.bench.CleanUp;
import kvstore.bench.DaemonProcess;
import kvstore.bench.TestLauncher;
import kvstore.client.ClientOptions;
import kvstore.client.KvStoreClient;
import kvstore.client.cli.Main;
import kvstore.v1.StatResponse;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A bounded load on a daemon that runs. */
@Timeout(60)
final class TargetBenchTest {
    @TempDir
    private Path directory;

    @Test
    void staysWithinItsRateAndLeavesNothing() {
        try (CleanUp cleanUp = new CleanUp()) {
            DaemonProcess daemon = DaemonProcess.start(
                    TestLauncher.withLittleMemory(),
                    new DaemonProcess.Setup(
                            directory.resolve("pool"),
                            directory.resolve("kvstore.sock"),
                            directory.resolve("daemon.log"),
                            List.of("data.capacity=512MiB", "data.segment-size=64MiB", "data.max-value-size=8MiB"),
                            false),
                    cleanUp);
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            ByteArrayOutputStream err = new ByteArrayOutputStream();

            int exitCode = Main.run(
                    InputStream.nullInputStream(),
                    new PrintStream(out),
                    new PrintStream(err),
                    "bench",
                    "--target=" + daemon.target(),
                    "--size=1MiB",
                    "--in-flight=4",
                    "--time=2s",
                    "--rate=10MiB/s");

            assertThat(exitCode).as(err.toString(StandardCharsets.UTF_8)).isZero();
            assertThat(out.toString(StandardCharsets.UTF_8)).contains("stored", "loaded", "/s while it moved");
            try (KvStoreClient client = KvStoreClient.connect(daemon.target(), ClientOptions.defaults())) {
                StatResponse stat = client.stat();
                assertThat(stat.getChunks()).isZero();
                // 20 MiB may move in two seconds, and a wave that has begun ends
                assertThat(stat.getStoredChunks()).isBetween(4L, 24L);
            }
        }
    }
}
