package kvstore.bench.load;

import com.google.common.base.Stopwatch;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import kvstore.bench.CleanUp;
import kvstore.client.cli.CommandFailure;
import kvstore.client.cli.ExitCode;

/** Other people's server, as a child process on a port of the loopback. It keeps nothing: it is killed at the end. */
final class ServerProcess implements AutoCloseable {
    static final String HOST = "127.0.0.1";

    /** LMCache loads PyTorch first. */
    private static final Duration START_LIMIT = Duration.ofMinutes(2);

    private static final Duration END_LIMIT = Duration.ofSeconds(10);
    private static final int POLL_MILLIS = 20;
    private static final int LOG_CHARACTERS = 2000;

    private final Process process;

    private ServerProcess(Process process) {
        this.process = process;
    }

    /**
     * Starts a server and waits until it takes connections.
     *
     * @param port where it was told to listen
     * @param log gets its output
     * @throws CommandFailure with the end of its output if it does not come up
     */
    static ServerProcess start(List<String> command, int port, Path log, CleanUp cleanUp) {
        String name = Path.of(command.getFirst()).getFileName().toString();
        try {
            Process process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(log.toFile())
                    .start();
            cleanUp.add(process::destroyForcibly);
            process.getOutputStream().close();
            ServerProcess server = new ServerProcess(process);
            if (!server.awaitListening(port)) {
                server.close();
                throw new CommandFailure(
                        ExitCode.FAILED, "%s does not listen on port %d:%n%s".formatted(name, port, endOf(log)));
            }
            return server;
        } catch (IOException e) {
            throw new CommandFailure(ExitCode.FAILED, "cannot run " + name + ": " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CommandFailure(ExitCode.FAILED, "interrupted", e);
        }
    }

    /** A port of the loopback that was free a moment ago. */
    static int freePort() {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new CommandFailure(ExitCode.FAILED, "no port of " + HOST + " is free: " + e, e);
        }
    }

    @Override
    public void close() {
        process.destroyForcibly();
        try {
            process.waitFor(END_LIMIT.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private boolean awaitListening(int port) throws InterruptedException {
        Stopwatch stopwatch = Stopwatch.createStarted();
        while (process.isAlive() && stopwatch.elapsed().compareTo(START_LIMIT) < 0) {
            try (Socket socket = new Socket()) {
                socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
                return true;
            } catch (IOException _) {
                Thread.sleep(POLL_MILLIS);
            }
        }
        return false;
    }

    private static String endOf(Path log) throws IOException {
        String text = Files.readString(log);
        return text.substring(Math.max(0, text.length() - LOG_CHARACTERS));
    }
}
