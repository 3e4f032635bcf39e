package kvstore.server.command;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import kvstore.client.cli.Main;
import kvstore.server.DaemonUnderTest;
import kvstore.server.GeneratedStubs;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the command prints and how it exits; what it finds is tested in the store. */
final class FsckCommandTest {
    @TempDir
    private Path directory;

    private String out = "";
    private String err = "";

    private int fsck(String... options) {
        ByteArrayOutputStream stdout = new ByteArrayOutputStream();
        ByteArrayOutputStream stderr = new ByteArrayOutputStream();
        String[] args = Stream.concat(Stream.of("fsck", directory.toString()), Stream.of(options))
                .toArray(String[]::new);
        int exit = Main.run(
                new ByteArrayInputStream(new byte[0]),
                new PrintStream(stdout, true, StandardCharsets.UTF_8),
                new PrintStream(stderr, true, StandardCharsets.UTF_8),
                args);
        out = stdout.toString(StandardCharsets.UTF_8);
        err = stderr.toString(StandardCharsets.UTF_8);
        return exit;
    }

    @Test
    void refusesARunningDaemonThenChecksAndRepairs() throws Exception {
        try (DaemonUnderTest daemon = DaemonUnderTest.start(directory)) {
            GeneratedStubs stubs = new GeneratedStubs(daemon.tcp());
            var _ = stubs.put("k", ByteString.copyFrom(new byte[100_000]));
            assertThat(fsck()).isEqualTo(4);
            assertThat(err).contains("is in use by process").contains("kvstore scrub");
        }
        assertThat(fsck("--verify-payloads")).isZero();
        assertThat(out)
                .contains("node       test, start 1\n")
                .contains("records    1 (97.7 KiB)\n")
                .contains("payloads   0 bad, 0 unread\n");
        assertThat(fsck("--json")).isZero();
        assertThat(out).contains("\"records\":1,").contains("\"clean\":true");

        Path segment;
        try (Stream<Path> files = Files.list(directory.resolve("nodes/test"))) {
            segment = files.filter(file -> file.toString().endsWith(".seg"))
                    .findFirst()
                    .orElseThrow();
        }
        try (RandomAccessFile file = new RandomAccessFile(segment.toFile(), "rw")) {
            file.write(1);
        }
        assertThat(fsck("--node", "test")).isEqualTo(5);
        assertThat(out).contains("bad-header  " + segment + ": the first block is no segment header\n");
        assertThat(segment).exists();
        assertThat(fsck("--repair")).isZero();
        assertThat(out).contains("; set aside\n").contains("1, 1 of them set aside now; 1 files in quarantine\n");
        assertThat(segment).doesNotExist();
    }

    @Test
    void refusesWhatIsNoPool() {
        assertThat(fsck()).isEqualTo(4);
        assertThat(err).startsWith("kvstore fsck: cannot read " + directory.resolve("POOL"));
    }

    @Test
    void checksEveryDirectoryThatIsNamed() throws Exception {
        Path first = directory.resolve("first");
        Path second = directory.resolve("second");
        DaemonUnderTest.start(first, "data.more-directories=" + second).close();
        directory = first;
        assertThat(fsck(second.toString())).isZero();
        assertThat(out).contains("directory  " + first + "\n").contains("directory  " + second + "\n");

        Files.writeString(second.resolve("nodes/test/00000000000000ff.seg"), "no segment");
        assertThat(fsck()).isZero();
        assertThat(fsck(second.toString(), "--json")).isEqualTo(5);
        assertThat(out).contains("\"directory\":\"" + second + "\"").contains("\"damaged_segments\":1,");
        assertThat(fsck(second + "-of-nobody")).isEqualTo(4);
    }
}
