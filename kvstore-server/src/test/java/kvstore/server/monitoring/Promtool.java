package kvstore.server.monitoring;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import kvstore.testkit.Programs;

/** Prometheus' own tool. */
final class Promtool {
    private static final int LIMIT_SECONDS = 30;

    private Promtool() {}

    /** Fails with what it says if it finds anything wrong. */
    static void check(Path directory, String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(Programs.require("promtool", "prometheus").toString());
        command.addAll(List.of(arguments));
        Path output = directory.resolve("promtool.out");
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        try {
            assertThat(process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS))
                    .as("it ends")
                    .isTrue();
        } finally {
            process.destroyForcibly();
        }
        assertThat(process.exitValue()).as(Files.readString(output)).isZero();
    }
}
