package kvstore.bench.load;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import kvstore.bench.CleanUp;
import kvstore.client.cli.CommandFailure;
import kvstore.client.cli.ExitCode;

/**
 * Runs other people's programs.
 *
 * @param log gets their output; each run overwrites it
 * @param cleanUp ends one that runs when the command is interrupted
 */
record Tool(Path log, CleanUp cleanUp) {
    private static final Duration LIMIT = Duration.ofMinutes(15);
    private static final int LOG_CHARACTERS = 2000;

    /**
     * Runs a program to its end.
     *
     * @param environment variables on top of this process's own
     * @throws CommandFailure with the end of its output if it fails
     */
    void run(List<String> command, Map<String, String> environment) {
        String name = Path.of(command.getFirst()).getFileName().toString();
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
        builder.environment().putAll(environment);
        try {
            Process process = builder.start();
            cleanUp.add(process::destroyForcibly);
            process.getOutputStream().close();
            if (!process.waitFor(LIMIT.toMillis(), TimeUnit.MILLISECONDS)) {
                process.destroyForcibly();
                throw new CommandFailure(ExitCode.FAILED, name + " did not end within " + LIMIT.toMinutes() + " min");
            }
            if (process.exitValue() != 0) {
                throw new CommandFailure(
                        ExitCode.FAILED,
                        "%s ended with exit code %d:%n%s".formatted(name, process.exitValue(), endOfLog()));
            }
        } catch (IOException e) {
            throw new CommandFailure(ExitCode.FAILED, "cannot run " + name + ": " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CommandFailure(ExitCode.FAILED, "interrupted", e);
        }
    }

    private String endOfLog() throws IOException {
        String text = new String(Files.readAllBytes(log), StandardCharsets.UTF_8);
        return text.substring(Math.max(0, text.length() - LOG_CHARACTERS));
    }
}
