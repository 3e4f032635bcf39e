package kvstore.server.service;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import kvstore.testkit.Programs;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What systemd's own tools say of the unit. */
@Timeout(value = 1, unit = TimeUnit.MINUTES)
final class UnitFileTest {
    private static final Path UNIT = Path.of("..", "deploy", "systemd", "kvstore.service");

    /** Exposure in tenths, of 100; what is above zero is network, devices, and the code that a compiler writes. */
    private static final int EXPOSURE_MAX = 30;

    @TempDir
    private Path directory;

    private Path unit;

    @BeforeEach
    void copyWithAProgramThatIsThere() throws IOException {
        Programs.require("systemd-analyze", "systemd");
        unit = directory.resolve("kvstore.service");
        Files.writeString(unit, Files.readString(UNIT).replace("/usr/bin/kvstore", "/bin/true"));
    }

    @Test
    void systemdFindsNothingWrong() throws Exception {
        // Units that others bring are not there on every machine; what it says of those is not about ours.
        assertThat(run("verify", "--man=no", unit.toString()).output())
                .noneMatch(line -> line.contains("kvstore.service:") && !line.contains("is not found"));
    }

    @Test
    void exposesLittle() throws Exception {
        Result result = run("security", "--offline=yes", "--no-pager", "--threshold=" + EXPOSURE_MAX, unit.toString());

        assertThat(result.status()).as(String.join("\n", result.output())).isZero();
    }

    private record Result(int status, List<String> output) {}

    private static Result run(String... arguments) throws IOException, InterruptedException {
        List<String> command = Stream.concat(Stream.of("systemd-analyze"), Stream.of(arguments))
                .toList();
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        try (var reader = process.inputReader(StandardCharsets.UTF_8)) {
            List<String> output = reader.lines().toList();
            return new Result(process.waitFor(), output);
        }
    }
}
