package kvstore.server.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** In a process of its own, because what counts are signals and exit codes. */
@Timeout(value = 1, unit = TimeUnit.MINUTES)
final class ServeCommandTest {
    private static final List<String> SMALL = List.of(
            "data.capacity=256MiB",
            "data.segment-size=64MiB",
            "data.max-value-size=16MiB",
            "data.direct-io=off",
            "memory.slab-size=32MiB",
            "grpc.listen=127.0.0.1:0",
            "admin.listen=127.0.0.1:0");

    @TempDir
    private Path directory;

    private final List<Process> processes = new ArrayList<>();

    @AfterEach
    void endProcesses() {
        processes.forEach(Process::destroyForcibly);
    }

    @Test
    void stopsCleanlyWhenTold() throws Exception {
        Process process = serve(directory);
        try (BufferedReader log = process.inputReader(StandardCharsets.UTF_8)) {
            assertThat(log.lines().anyMatch(line -> line.contains(" INFO  Daemon ready ")))
                    .isTrue();
            // through the handle, because Process.destroy would close the stream too
            process.toHandle().destroy();

            assertThat(log.lines().toList()).anyMatch(line -> line.contains(" INFO  Daemon stopped "));
            assertThat(process.waitFor()).isZero();
        }
    }

    @Test
    void wrongConfigurationIsTwo() throws Exception {
        Process process = serve(directory, "data.capcity=1GiB");

        assertThat(process.waitFor()).isEqualTo(2);
        assertThat(output(process)).contains("--set: data.capcity: is not a key; did you mean data.capacity?");
    }

    @Test
    void failureToStartIsThree() throws Exception {
        Process process = serve(directory.resolve("not-mounted/pool"));

        assertThat(process.waitFor()).isEqualTo(3);
        assertThat(output(process)).contains("data.directory: " + directory + "/not-mounted/pool cannot be made");
    }

    private Process serve(Path data, String... sets) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                "kvstore.client.cli.Main",
                "serve",
                "--data",
                data.toString()));
        for (String set : SMALL) {
            command.addAll(List.of("--set", set));
        }
        for (String set : sets) {
            command.addAll(List.of("--set", set));
        }
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        processes.add(process);
        return process;
    }

    private static String output(Process process) throws IOException {
        try (BufferedReader reader = process.inputReader(StandardCharsets.UTF_8)) {
            return String.join("\n", reader.readAllLines());
        }
    }
}
