package kvstore.server;

import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import kvstore.client.cli.Main;
import org.awaitility.Awaitility;

/** {@code kvstore serve} in a process of its own, which can be killed. */
final class ChildDaemon implements AutoCloseable {
    private static final Duration END_LIMIT = Duration.ofSeconds(30);
    private static final Pattern READY = Pattern.compile("Daemon ready .*grpc=\\S*?127\\.0\\.0\\.1:(\\d+)");

    /** Those of the script {@code kvstore}, with less memory. */
    private static final List<String> FLAGS = List.of(
            "--enable-native-access=ALL-UNNAMED",
            "-XX:+UseCompactObjectHeaders",
            "-Xms128m",
            "-Xmx128m",
            "-XX:MaxDirectMemorySize=128m",
            "-XX:+UseG1GC",
            "-XX:G1HeapRegionSize=4m",
            "-XX:+ExitOnOutOfMemoryError");

    private final Process process;
    private final Path log;
    private final long startNanos;

    private ChildDaemon(Process process, Path log, long startNanos) {
        this.process = process;
        this.log = log;
        this.startNanos = startNanos;
    }

    /**
     * Starts it and returns at once.
     *
     * @param log gets what it prints; overwritten
     * @param sets {@code key=value}
     */
    static ChildDaemon start(Path data, Path log, List<String> sets) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(FLAGS);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), Main.class.getName(), "serve"));
        command.addAll(List.of("--data", data.toString()));
        sets.forEach(set -> command.addAll(List.of("--set", set)));
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
        builder.environment().keySet().removeIf(name -> name.startsWith("KVSTORE_"));
        long startNanos = System.nanoTime();
        try {
            return new ChildDaemon(builder.start(), log, startNanos);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Waits until it serves; returns the time since it was started. */
    Duration awaitReady() {
        Awaitility.await()
                .pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(5))
                .atMost(END_LIMIT)
                .until(() -> {
                    if (!process.isAlive()) {
                        throw new AssertionError("the daemon ended:\n" + log());
                    }
                    return READY.matcher(log()).find();
                });
        return Duration.ofNanos(System.nanoTime() - startNanos);
    }

    /** A connection over TCP, the caller's to close. */
    ManagedChannel channel() {
        Matcher matcher = READY.matcher(log());
        if (!matcher.find()) {
            throw new IllegalStateException("not ready");
        }
        return NettyChannelBuilder.forAddress("127.0.0.1", Integer.parseInt(matcher.group(1)))
                .usePlaintext()
                .build();
    }

    String log() {
        try {
            return Files.readString(log);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Lets it run for so long. */
    void run(Duration time) throws InterruptedException {
        if (process.waitFor(time)) {
            throw new AssertionError("the daemon ended by itself:\n" + log());
        }
    }

    /** SIGKILL. */
    void kill() {
        process.destroyForcibly();
        awaitExit();
    }

    /** SIGTERM; returns the exit code. */
    int terminate() {
        process.destroy();
        return awaitExit();
    }

    /** Waits for its end; returns the exit code. */
    int awaitExit() {
        try {
            if (!process.waitFor(END_LIMIT.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new AssertionError("the daemon did not end within " + END_LIMIT + ":\n" + log());
            }
            return process.exitValue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    @Override
    public void close() {
        if (process.isAlive()) {
            kill();
        }
    }
}
