package kvstore.server.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import kvstore.server.service.NotifySocket;
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

    @Test
    void tellsTheServiceManagerHowItIs() throws Exception {
        String path = directory.resolve("notify").toString();
        Path file = Files.writeString(directory.resolve("kvstore.yaml"), "log:\n  level: info\n");
        Map<String, String> environment = Map.of("NOTIFY_SOCKET", path, "WATCHDOG_USEC", "300000");
        try (NotifySocket socket = new NotifySocket(path)) {
            Process process = serve(directory.resolve("pool"), environment, "--config", file.toString());
            socket.await("STATUS=starting");
            socket.await("READY=1");
            assertThat(socket.await("STATUS=")).matches("STATUS=0 chunks, \\d+ of 256 MiB");
            socket.await("WATCHDOG=1");
            socket.await("WATCHDOG=1");

            Files.writeString(file, "log:\n  level: debug\nnode: another\n");
            signal("HUP", process);
            socket.await("RELOADING=1\nMONOTONIC_USEC=");
            socket.await("READY=1");
            Files.writeString(file, "log:\n  level: loud\n");
            signal("HUP", process);
            socket.await("RELOADING=1\nMONOTONIC_USEC=");
            socket.await("READY=1");

            process.toHandle().destroy();
            socket.await("STOPPING=1");
            assertThat(output(process).lines())
                    .anyMatch(
                            line -> line.contains("a setting was changed key=\"log.level\" was=\"info\" is=\"debug\""))
                    .anyMatch(line -> line.contains("a setting cannot be changed while the daemon runs")
                            && line.contains("key=\"node\""))
                    .anyMatch(
                            line -> line.contains("what runs stays as it is") && line.contains("log.level: \"loud\""));
            assertThat(process.waitFor()).isZero();
        }
    }

    @Test
    void saysThatAnIgnoredHangUpReloadsNothing() throws Exception {
        String ignoring = "trap '' HUP; exec \"$0\" \"$@\"";
        Process process = serve(List.of("sh", "-c", ignoring), directory.resolve("pool"), Map.of());
        try (BufferedReader log = process.inputReader(StandardCharsets.UTF_8)) {
            assertThat(log.lines().anyMatch(line -> line.contains("SIGHUP is ignored, as under nohup")))
                    .isTrue();
        }
    }

    private static void signal(String name, Process process) throws Exception {
        Process kill = new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start();
        assertThat(kill.waitFor()).isZero();
    }

    private Process serve(Path data, String... sets) throws IOException {
        List<String> options =
                Stream.of(sets).flatMap(set -> Stream.of("--set", set)).toList();
        return serve(data, Map.of(), options.toArray(String[]::new));
    }

    private Process serve(Path data, Map<String, String> environment, String... options) throws IOException {
        // These tests themselves may have been started with nohup, and what is ignored is inherited.
        return serve(List.of("env", "--default-signal=HUP"), data, environment, options);
    }

    private Process serve(List<String> launcher, Path data, Map<String, String> environment, String... options)
            throws IOException {
        List<String> command = new ArrayList<>(launcher);
        command.addAll(List.of(
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
        command.addAll(List.of(options));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().putAll(environment);
        Process process = builder.start();
        processes.add(process);
        return process;
    }

    private static String output(Process process) throws IOException {
        try (BufferedReader reader = process.inputReader(StandardCharsets.UTF_8)) {
            return String.join("\n", reader.readAllLines());
        }
    }
}
