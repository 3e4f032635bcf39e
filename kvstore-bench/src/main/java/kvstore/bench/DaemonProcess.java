package kvstore.bench;

import com.google.common.base.Stopwatch;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import kvstore.client.Target;
import kvstore.client.cli.CommandFailure;
import kvstore.client.cli.ExitCode;

/** A daemon that runs as a child process and listens on a Unix socket alone, so that it gets in nobody's way. */
public final class DaemonProcess {
    private static final Duration START_LIMIT = Duration.ofSeconds(60);
    private static final Duration STOP_LIMIT = Duration.ofSeconds(40);
    private static final Duration KILL_LIMIT = Duration.ofSeconds(10);
    private static final int POLL_MILLIS = 5;
    private static final int LOG_LINES = 15;
    private static final String VARIABLE_PREFIX = "KVSTORE_";

    private final Process process;
    private final Setup setup;
    private final Duration startTime;

    /**
     * What the daemon is told.
     *
     * @param data its data directory
     * @param socket where it listens
     * @param log where its output goes; appended to
     * @param settings further ones, each {@code key=value}
     * @param detached whether it may outlive this process and its terminal
     */
    public record Setup(Path data, Path socket, Path log, List<String> settings, boolean detached) {
        public Setup {
            settings = List.copyOf(settings);
        }
    }

    private DaemonProcess(Process process, Setup setup, Duration startTime) {
        this.process = process;
        this.setup = setup;
        this.startTime = startTime;
    }

    /**
     * Starts a daemon and waits until it serves.
     *
     * @param cleanUp ends it, if nobody did before
     * @throws CommandFailure with the end of its log if it does not come up
     */
    public static DaemonProcess start(DaemonLauncher launcher, Setup setup, CleanUp cleanUp) {
        ProcessBuilder builder = new ProcessBuilder(command(launcher, setup))
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(setup.log().toFile()));
        // settings of a daemon that the caller runs elsewhere
        builder.environment().keySet().removeIf(name -> name.startsWith(VARIABLE_PREFIX));
        Stopwatch stopwatch = Stopwatch.createStarted();
        Process process;
        try {
            process = builder.start();
        } catch (IOException e) {
            throw new CommandFailure(ExitCode.FAILED, "cannot start the daemon: " + e.getMessage(), e);
        }
        cleanUp.add(() -> end(process));
        awaitListening(process, setup);
        return new DaemonProcess(process, setup, stopwatch.elapsed());
    }

    /** Where it listens. */
    public Target target() {
        return new Target.Unix(setup.socket());
    }

    public long pid() {
        return process.pid();
    }

    /** From nothing to serving. */
    public Duration startTime() {
        return startTime;
    }

    /**
     * Asks it to stop, as a service manager does, and waits.
     *
     * @throws CommandFailure if it does not, or reports a failure
     */
    public void stop() {
        process.destroy();
        if (!await(process, STOP_LIMIT)) {
            throw failure("did not stop within " + STOP_LIMIT.toSeconds() + " s", setup.log());
        }
        if (process.exitValue() != 0) {
            throw failure("stopped with exit code " + process.exitValue(), setup.log());
        }
    }

    private static List<String> command(DaemonLauncher launcher, Setup setup) {
        List<String> command = new ArrayList<>();
        if (setup.detached()) {
            // else the end of the terminal would be the end of the daemon
            Executables.find("setsid").ifPresent(setsid -> command.add(setsid.toString()));
        }
        command.addAll(launcher.command());
        command.addAll(List.of("--data", setup.data().toString()));
        List<String> settings =
                new ArrayList<>(List.of("grpc.unix-socket=" + setup.socket(), "grpc.listen=", "admin.listen="));
        settings.addAll(setup.settings());
        settings.forEach(setting -> command.addAll(List.of("--set", setting)));
        return command;
    }

    /** The daemon opens its door when it is ready, so this needs no call. */
    private static void awaitListening(Process process, Setup setup) {
        Stopwatch stopwatch = Stopwatch.createStarted();
        while (!isListening(setup.socket())) {
            if (!process.isAlive()) {
                throw failure("ended with exit code " + process.exitValue() + " instead of starting", setup.log());
            }
            if (stopwatch.elapsed().compareTo(START_LIMIT) > 0) {
                throw failure("was not ready within " + START_LIMIT.toSeconds() + " s", setup.log());
            }
            try {
                Thread.sleep(POLL_MILLIS);
            } catch (InterruptedException _) {
                Thread.currentThread().interrupt();
                throw new CommandFailure(ExitCode.FAILED, "interrupted");
            }
        }
    }

    private static boolean isListening(Path socket) {
        if (!Files.exists(socket)) {
            return false;
        }
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            return channel.connect(UnixDomainSocketAddress.of(socket));
        } catch (IOException _) {
            return false;
        }
    }

    /** The end by all means. */
    private static void end(Process process) {
        process.destroy();
        if (!await(process, KILL_LIMIT)) {
            process.destroyForcibly();
            await(process, KILL_LIMIT);
        }
    }

    private static boolean await(Process process, Duration limit) {
        try {
            return process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private static CommandFailure failure(String what, Path log) {
        return new CommandFailure(
                ExitCode.UNREACHABLE, "the daemon %s; the end of %s:%n%s".formatted(what, log, tail(log)));
    }

    private static String tail(Path log) {
        try {
            List<String> lines = Files.readAllLines(log);
            return String.join("\n", lines.subList(Math.max(0, lines.size() - LOG_LINES), lines.size()));
        } catch (IOException | UncheckedIOException e) {
            return e.toString();
        }
    }
}
