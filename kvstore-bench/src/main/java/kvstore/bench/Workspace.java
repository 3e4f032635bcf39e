package kvstore.bench;

import com.google.common.io.MoreFiles;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import kvstore.client.cli.CommandFailure;
import kvstore.client.cli.ExitCode;

/** A directory of the command's own, which nobody else had before, so that it can be removed with all that is in it. */
public final class Workspace {
    /** {@code sun_path} has 108 bytes, one of them for the final zero. */
    private static final int SOCKET_PATH_BYTES_MAX = 107;

    private final Path path;
    private final Path socket;

    private Workspace(Path path, Path socket) {
        this.path = path;
        this.socket = socket;
    }

    /**
     * Makes a new directory, which {@code cleanUp} removes.
     *
     * @param prefix what its name begins with
     * @throws CommandFailure if that is not possible
     */
    public static Workspace create(Path parent, String prefix, CleanUp cleanUp) {
        try {
            Path path = createDirectory(parent.toRealPath(), prefix, cleanUp);
            Path socket = path.resolve("kvstore.sock");
            if (!fits(socket)) {
                // deep directories are common, and short names elsewhere are free
                socket = createDirectory(Path.of(System.getProperty("java.io.tmpdir")), prefix, cleanUp)
                        .resolve("kvstore.sock");
            }
            return new Workspace(path, socket);
        } catch (IOException e) {
            throw new CommandFailure(ExitCode.FAILED, "cannot make a directory in " + parent + ": " + e, e);
        }
    }

    /** Absolute, without symbolic links. */
    public Path path() {
        return path;
    }

    /** Where a daemon may listen: short enough for a Unix socket. */
    public Path socket() {
        return socket;
    }

    /** Makes a directory, if it is not there. */
    public static void make(Path path) {
        try {
            Files.createDirectories(path);
        } catch (IOException e) {
            throw new CommandFailure(ExitCode.FAILED, "cannot make the directory " + path + ": " + e, e);
        }
    }

    /** Removes a file, or a directory with all that is in it. */
    public static void remove(Path path) {
        try {
            if (Files.exists(path)) {
                MoreFiles.deleteRecursively(path);
            }
        } catch (IOException e) {
            System.err.println("cannot remove " + path + ", please do: " + e);
        }
    }

    static boolean fits(Path socket) {
        return socket.toString().getBytes(StandardCharsets.UTF_8).length <= SOCKET_PATH_BYTES_MAX;
    }

    private static Path createDirectory(Path parent, String prefix, CleanUp cleanUp) throws IOException {
        Path path = Files.createTempDirectory(parent, prefix);
        cleanUp.add(() -> remove(path));
        return path;
    }
}
