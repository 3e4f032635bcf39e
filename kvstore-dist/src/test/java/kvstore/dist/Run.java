package kvstore.dist;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * One program, run to its end.
 *
 * @param output standard output and standard error
 */
record Run(int status, String output) {
    private static final int LIMIT_SECONDS = 120;

    /** Runs it without input; fails if it takes more than two minutes. */
    static Run of(List<String> command) throws IOException, InterruptedException {
        return of(command, Map.of());
    }

    /** The same, with further variables. */
    static Run of(List<String> command, Map<String, String> environment) throws IOException, InterruptedException {
        // a file, because what a program leaves running would keep a pipe open
        Path output = Files.createTempFile("kvstore-run", ".log");
        try {
            ProcessBuilder builder = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectInput(Path.of("/dev/null").toFile())
                    .redirectOutput(output.toFile());
            builder.environment().putAll(environment);
            Process process = builder.start();
            if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
                process.descendants().forEach(ProcessHandle::destroyForcibly);
                process.destroyForcibly();
                throw new AssertionError(command + " took too long: " + Files.readString(output));
            }
            return new Run(process.exitValue(), Files.readString(output, StandardCharsets.UTF_8));
        } finally {
            Files.delete(output);
        }
    }

    /** The output of a program that must succeed. */
    static String output(String... command) throws IOException, InterruptedException {
        Run run = of(List.of(command));
        assertThat(run.status()).as("%s: %s", List.of(command), run.output()).isZero();
        return run.output();
    }
}
