package kvstore.bench.load;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import kvstore.bench.CleanUp;
import kvstore.bench.DaemonProcess;
import kvstore.bench.TestLauncher;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** With a real daemon as a child process. */
@Tag("long")
final class LmLatencyTest {
    @TempDir
    private Path directory;

    @Test
    void measuresTheDaemon() throws IOException {
        int port = ServerProcess.freePort();
        try (CleanUp cleanUp = new CleanUp()) {
            DaemonProcess daemon = DaemonProcess.start(
                    TestLauncher.withLittleMemory(),
                    new DaemonProcess.Setup(
                            directory.resolve("pool"),
                            directory.resolve("s"),
                            directory.resolve("log"),
                            List.of("lm.listen=127.0.0.1:" + port, "data.capacity=1GiB", "data.max-value-size=64MiB"),
                            false),
                    cleanUp);

            LmLatency latency = LmLatency.measure("lm", port);

            assertThat(latency.small().getTotalCount()).isPositive();
            assertThat(latency.small().getMaxValue()).isPositive();
            assertThat(latency.large().getValueAtPercentile(50))
                    .isGreaterThan(latency.small().getValueAtPercentile(50));
            try (LmClient client = LmClient.connect(port)) {
                assertThat(client.exists("absent@1@0@1@bfloat16")).isFalse();
                assertThat(client.get("absent@1@0@1@bfloat16", ByteBuffer.allocate(1)))
                        .isEqualTo(-1);
            }
            daemon.stop();
        }
    }
}
