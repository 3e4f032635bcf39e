package kvstore.bench.load;

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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class BenchCommandTest {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    @TempDir
    private Path directory;

    @Test
    void isFoundByTheCommandLine() {
        assertThat(run("bench", "--help")).isEqualTo(ExitCode.OK.code());
        assertThat(out.toString(StandardCharsets.UTF_8))
                .contains("--peers", "kvstore,fs_native,in_place,client,resp,redis,lm", "--in-flight", "Exit codes");
    }

    @ParameterizedTest
    @CsvSource({
        "--size=16, '''16'' is no size, such as 64KiB or 16MiB'",
        "--peers=disk, '''disk'' is no peer: there are [kvstore, in_place, fs_native, client, resp, redis, lm, lm_server, fio]'",
        "--count=33, --count must be a multiple of --in-flight",
        "--rounds=0, --rounds must be at least 1"
    })
    void saysWhatIsWrong(String option, String message) {
        assertThat(run("bench", option)).isEqualTo(ExitCode.USAGE.code());
        assertThat(err.toString(StandardCharsets.UTF_8)).contains(message);
    }

    @Test
    void asksForDiskFirst() {
        assertThat(run(
                        "bench",
                        "--directory",
                        directory.toString(),
                        "--size",
                        "1GiB",
                        "--count",
                        "1000000000",
                        "--in-flight",
                        "1"))
                .isEqualTo(ExitCode.FAILED.code());
        assertThat(err.toString(StandardCharsets.UTF_8)).contains("is needed in", "--count", "nothing was written");
        assertThat(directory).isEmptyDirectory();
    }

    private int run(String... args) {
        return Main.run(InputStream.nullInputStream(), new PrintStream(out), new PrintStream(err), args);
    }
}
