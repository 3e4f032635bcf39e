package kvstore.client.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import kvstore.client.FakeDaemon;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@NullMarked
@Timeout(60)
final class MainTest {
    @Test
    void helpNamesEveryCommandAndExitCode() {
        Cli help = Cli.run("--help");
        assertThat(help.exitCode()).isZero();
        assertThat(help.out())
                .contains("put ", "get ", "lookup ", "delete ", "ls ", "stat ", "import ", "export ", "contributed ")
                .contains("Exit codes:")
                .contains("0   done")
                .contains("1   the answer is no")
                .contains("3   the daemon cannot be reached")
                .contains("5   data came back");
        assertThat(help.err()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"put", "get", "lookup", "delete", "ls", "stat", "import", "export"})
    void everyCommandHasHelp(String command) {
        Cli help = Cli.run(command, "--help");
        assertThat(help.exitCode()).isZero();
        assertThat(help.out())
                .startsWith("Usage: kvstore " + command)
                .contains("--target", "--timeout", "--json", "--verbose", "Exit codes:", "127.0.0.1:7420", "30s");
        assertThat(help.out().lines()).allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(80));
    }

    @Test
    void version() {
        Cli version = Cli.run("--version");
        assertThat(version.exitCode()).isZero();
        assertThat(version.out()).startsWith("kvstore ").hasLineCount(1);
    }

    @Test
    void wrongUsageIsOneSentence() {
        assertUsage(Cli.run(), "kvstore: Missing required subcommand; see `kvstore --help`");
        assertUsage(Cli.run("fetch"), "kvstore: Unmatched argument at index 0: 'fetch'; see `kvstore --help`");
        assertUsage(Cli.run("get"), "kvstore get: Missing required parameter: 'KEY'; see `kvstore get --help`");
        assertUsage(
                Cli.run("stat", "--timeout", "soon"),
                "kvstore stat: Invalid value for option '--timeout': 'soon' is no duration, such as 500ms, 30s or 2m;"
                        + " see `kvstore stat --help`");
        assertUsage(
                Cli.run("stat", "--target", "nowhere"),
                "kvstore stat: Invalid value for option '--target': target 'nowhere' is neither unix:/path nor host:port;"
                        + " see `kvstore stat --help`");
        assertUsage(
                Cli.run("get", "k".repeat(1025)),
                "kvstore get: Invalid value for positional parameter at index 0 (KEY): a key has 1 to 1024 bytes, not 1025;"
                        + " see `kvstore get --help`");
    }

    @Test
    void anUnreachableDaemon(@TempDir Path directory) {
        Cli stat = Cli.run("stat", "--target", "unix:" + directory + "/no.sock");
        assertThat(stat.exitCode()).isEqualTo(ExitCode.UNREACHABLE.code());
        assertThat(stat.out()).isEmpty();
        assertThat(stat.err())
                .startsWith("kvstore stat: cannot reach unix:" + directory + "/no.sock (no such socket): ")
                .endsWith("is the daemon running? start it with `kvstore serve`\n")
                .hasLineCount(1);

        Cli verbose = Cli.run("stat", "--verbose", "--target", "unix:" + directory + "/no.sock");
        assertThat(verbose.err()).contains("\tat kvstore.client.");
    }

    @Test
    void contributedCommandsFollowTheRules() {
        assertThat(Cli.run("contributed", "run", "--for", "2m").out()).isEqualTo("run for PT2M\n");
        Cli fail = Cli.run("contributed", "fail");
        assertThat(fail.exitCode()).isEqualTo(ExitCode.WRONG_DATA.code());
        assertThat(fail.err()).isEqualTo("kvstore contributed: as told; tell it otherwise\n");
        Cli crash = Cli.run("contributed", "crash");
        assertThat(crash.exitCode()).isEqualTo(ExitCode.FAILED.code());
        assertThat(crash.err()).hasLineCount(1).contains("a mistake in the program", "--verbose");
        assertThat(Cli.run("contributed", "--help").out()).contains("Exit codes:");
    }

    /** The real process: its streams, its exit code, and the daemon's address from the environment. */
    @Test
    void asAProcess(@TempDir Path directory) throws IOException, InterruptedException {
        byte[] bytes = {0, 1, 2, -1, -128, '\r', '\n'};
        Path input = Files.write(directory.resolve("input"), bytes);
        Path output = directory.resolve("output");
        Path errors = directory.resolve("errors");
        try (FakeDaemon daemon = FakeDaemon.onUnixSocket(directory.resolve("kvstore.sock"))) {
            String target = daemon.target().toString();
            assertThat(process(target, input, directory.resolve("ignored"), errors, "put", "k"))
                    .as(Files.readString(errors))
                    .isZero();
            assertThat(process(target, input, output, errors, "get", "k")).isZero();
            assertThat(output).hasBinaryContent(bytes);
            assertThat(process(target, input, output, errors, "get", "other")).isEqualTo(1);
            assertThat(errors).hasContent("kvstore get: miss: other (absent)");
        }
    }

    private static int process(String target, Path input, Path output, Path errors, String... args)
            throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder(
                ProcessHandle.current().info().command().orElseThrow(),
                "--enable-native-access=ALL-UNNAMED",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName());
        builder.command().addAll(List.of(args));
        builder.environment().put("KVSTORE_TARGET", target);
        Process process = builder.redirectInput(input.toFile())
                .redirectOutput(output.toFile())
                .redirectError(errors.toFile())
                .start();
        if (!process.waitFor(30, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new AssertionError("kvstore did not end");
        }
        return process.exitValue();
    }

    private static void assertUsage(Cli cli, String sentence) {
        assertThat(cli.err()).isEqualTo(sentence + "\n");
        assertThat(cli.exitCode()).isEqualTo(ExitCode.USAGE.code());
        assertThat(cli.out()).isEmpty();
    }
}
