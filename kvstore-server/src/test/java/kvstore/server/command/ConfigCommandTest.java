package kvstore.server.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.stream.Stream;
import kvstore.client.cli.CommandFailure;
import kvstore.client.cli.ExitCode;
import kvstore.client.cli.KvStoreCommand;
import kvstore.server.config.DaemonConfig;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

final class ConfigCommandTest {
    @TempDir
    private Path directory;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();
    private final List<Exception> failures = new ArrayList<>();

    @Test
    void commandsAreFound() {
        assertThat(ServiceLoader.load(KvStoreCommand.class).stream().map(ServiceLoader.Provider::type))
                .contains(ServeCommand.class, ConfigCommand.class);
    }

    @Test
    void checkIsSilentWhenAllIsWell() {
        assertThat(run("check", "--data", "/pool")).isEqualTo(ExitCode.OK.code());
        assertThat(out.toString()).isEmpty();
    }

    @Test
    void checkSaysEverything() throws Exception {
        Path file = Files.writeString(directory.resolve("kvstore.yaml"), "nod: x\nlog:\n  level: loud\n");

        assertThat(failure("check", "--config", file.toString(), "--data", "/pool"))
                .hasMessageContainingAll(
                        "the configuration is wrong:\n",
                        file + ":1: nod: is not a key; did you mean node?\n",
                        file + ":3: log.level: \"loud\" is not known")
                .extracting(CommandFailure::exitCode)
                .isEqualTo(ExitCode.USAGE);
    }

    @Test
    void whatIsPrintedIsAFileThatSetsTheSame() throws Exception {
        String[] sets = {
            "--data",
            "/a pool: #1",
            "--set",
            "grpc.unix-socket=/run/k.sock",
            "--set",
            "grpc.listen=[::1]:7420",
            "--set",
            "admin.listen=",
            "--set",
            "data.capacity=3TiB"
        };
        assertThat(run(concat("print", sets))).isEqualTo(ExitCode.OK.code());
        assertThat(out.toString())
                .contains("grpc:\n  listen: \"[0:0:0:0:0:0:0:1]:7420\" ")
                .containsPattern("  capacity: 3TiB +# --set\n")
                .containsPattern("  read-threads: 8 +# default\n");

        Path file = Files.writeString(directory.resolve("kvstore.yaml"), out.toString());
        assertThat(DaemonConfig.load(Optional.of(file), Map.of(), List.of()))
                .isEqualTo(DaemonConfig.load(
                        Optional.empty(),
                        Map.of(),
                        List.of(
                                "data.directory=/a pool: #1",
                                "grpc.unix-socket=/run/k.sock",
                                "grpc.listen=[::1]:7420",
                                "admin.listen=",
                                "data.capacity=3TiB")));
    }

    @Test
    void printsJson() {
        run("print", "--json", "--set", "data.read-threads=9");

        assertThat(out.toString())
                .startsWith("{\"node\":{")
                .contains("\"data.read-threads\":{\"value\":\"9\",\"origin\":\"--set\"}")
                .endsWith("}}\n");
    }

    @Test
    void printsACompleteFileToStartFrom() {
        run("print", "--defaults");

        assertThat(out.toString()).contains("# Name of this node", "\nnode: auto\n", "\n  segment-size: 1GiB\n");
    }

    @Test
    void printRefusesWhatIsWrong() {
        assertThat(failure("print", "--set", "data.read-threads=many").exitCode())
                .isEqualTo(ExitCode.USAGE);
    }

    @Test
    void configAloneSaysWhatIsMissing() {
        assertThat(run()).isEqualTo(ExitCode.USAGE.code());
        assertThat(err.toString()).contains("config check, or config print");
    }

    private CommandFailure failure(String... arguments) {
        run(arguments);
        assertThat(failures).hasSize(1);
        return (CommandFailure) failures.getFirst();
    }

    /** As the real command line, which turns failures into sentences and exit codes. */
    private int run(String... arguments) {
        return new CommandLine(new ConfigCommand())
                .setOut(new PrintWriter(out))
                .setErr(new PrintWriter(err))
                .setExecutionExceptionHandler((failure, _, _) -> {
                    failures.add(failure);
                    return ExitCode.FAILED.code();
                })
                .execute(arguments);
    }

    private static String[] concat(String first, String... others) {
        return Stream.concat(Stream.of(first), Arrays.stream(others)).toArray(String[]::new);
    }
}
