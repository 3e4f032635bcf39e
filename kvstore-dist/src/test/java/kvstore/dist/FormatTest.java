package kvstore.dist;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.zip.CRC32C;
import kvstore.bench.CleanUp;
import kvstore.bench.DaemonLauncher;
import kvstore.bench.DaemonProcess;
import kvstore.testkit.HexDump;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Directories that other releases wrote, under the packed daemon. What is checked in is what the first release writes; a release
 * that changes the format adds its own beside it.
 */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
final class FormatTest {
    private static final Path GOLDEN = Path.of("..", "kvstore-store", "src", "test", "resources", "golden");
    private static final String PROGRAM =
            Built.tree().top().resolve("usr/bin/kvstore").toString();

    @TempDir
    private Path directory;

    private Path pool;
    private Path node;

    @BeforeEach
    void restoreADirectoryOfTheFirstFormat() throws IOException {
        pool = directory.resolve("pool");
        node = Files.createDirectories(pool.resolve("nodes/node-a"));
        Files.copy(GOLDEN.resolve("POOL"), pool.resolve("POOL"));
        Files.copy(GOLDEN.resolve("NODE"), node.resolve("NODE"));
        HexDump.restore(Files.readString(GOLDEN.resolve("segment-v1.hex")), node.resolve("0000000000000001.seg"));
    }

    @Test
    void readsWhatTheFirstFormatHolds() throws Exception {
        try (CleanUp cleanUp = new CleanUp()) {
            DaemonProcess daemon = start(cleanUp);
            Path value = directory.resolve("value");

            Run.output(
                    PROGRAM,
                    "get",
                    "llama@0@1f2e",
                    value.toString(),
                    "--target",
                    daemon.target().toString());

            assertThat(value).content().isEqualTo("replaced");
            daemon.stop();
        }
    }

    @Test
    void refusesANewerPoolAndSaysWhatHelps() throws IOException {
        makeNewer(pool.resolve("POOL"));

        refuses("POOL says 'kvstore pool', format 2; this release knows 'kvstore pool', format 1");
    }

    @Test
    void refusesANewerNodeAndSaysWhatHelps() throws IOException {
        makeNewer(node.resolve("NODE"));

        refuses("NODE says 'kvstore node', format 2; this release knows 'kvstore node', format 1");
    }

    private void refuses(String what) {
        try (CleanUp cleanUp = new CleanUp()) {
            assertThatThrownBy(() -> start(cleanUp))
                    .hasMessageContaining("exit code 3")
                    .hasMessageContaining(what)
                    .hasMessageContaining("Run the release that wrote it, or use another, empty directory");
        }
    }

    private DaemonProcess start(CleanUp cleanUp) {
        return DaemonProcess.start(
                new DaemonLauncher(List.of(PROGRAM, "serve")),
                new DaemonProcess.Setup(
                        pool,
                        directory.resolve("kvstore.sock"),
                        directory.resolve("daemon.log"),
                        List.of("node=node-a", "memory.slab-size=64MiB"),
                        false),
                cleanUp);
    }

    private static void makeNewer(Path marker) throws IOException {
        String text = Files.readString(marker).replace("format=1", "format=2");
        String body = text.substring(0, text.indexOf("crc32c="));
        CRC32C crc = new CRC32C();
        crc.update(body.getBytes(StandardCharsets.UTF_8));
        Files.writeString(marker, body + "crc32c=%08x\n".formatted(crc.getValue()));
    }
}
