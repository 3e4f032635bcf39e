package kvstore.bench.mount;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import kvstore.client.cli.ExitCode;
import kvstore.client.cli.Main;
import kvstore.lustre.MountCheck;
import kvstore.lustre.MountCheck.Verdict;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class VerifyMountCommandTest {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    @TempDir
    private Path directory;

    @Test
    void aLocalDirectoryIsFitAndNothingIsLeftInIt() {
        assertThat(run("verify-mount", "--seconds", "0", directory.toString())).isEqualTo(ExitCode.OK.code());
        assertThat(out.toString(StandardCharsets.UTF_8))
                .contains("rename over", "throughput", directory + " is fit for kvstore: 0 failed");
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void whatCannotBeCheckedIsAnError() {
        Path absent = directory.resolve("absent");
        assertThat(run("verify-mount", absent.toString())).isEqualTo(ExitCode.FAILED.code());
        assertThat(err.toString(StandardCharsets.UTF_8)).contains("cannot make a directory in " + absent);
    }

    @Test
    void optionsHaveLimits() {
        assertThat(run("verify-mount", "--seconds", "601", directory.toString()))
                .isEqualTo(ExitCode.USAGE.code());
        assertThat(run("verify-mount", "--stripe-count", "0", directory.toString()))
                .isEqualTo(ExitCode.USAGE.code());
        assertThat(err.toString(StandardCharsets.UTF_8))
                .contains("--seconds must be 0 to 600, not 601", "stripe count 0 is neither");
    }

    @Test
    void whatFailedIsWrittenLargeWithItsCure() {
        MountReport report = new MountReport(
                Path.of("/exa/kv"),
                List.of(
                        new MountCheck("space", Verdict.OK, "1.0 GB of 2.0 GB available", ""),
                        new MountCheck("client", Verdict.NOTE, "few RPCs", "take more"),
                        new MountCheck("lock", Verdict.FAILED, "ENOSYS", "mount with -o flock")));
        assertThat(report.isFit()).isFalse();
        assertThat(report.toString()).isEqualTo("""
                ok      space   1.0 GB of 2.0 GB available
                note    client  few RPCs
                                -> take more
                FAILED  lock    ENOSYS
                                -> mount with -o flock

                /exa/kv is NOT fit for kvstore: 1 failed, 1 to look at
                """);
    }

    private int run(String... args) {
        return Main.run(InputStream.nullInputStream(), new PrintStream(out), new PrintStream(err), args);
    }
}
