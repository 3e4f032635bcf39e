package kvstore.server.net;

import java.io.IOException;
import java.net.ConnectException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.util.Set;

/** The socket's file: a stale one is in the way of a bind, and its mode says who may connect. */
public final class UnixSocket {
    private UnixSocket() {}

    /**
     * Removes a socket that nobody listens on.
     *
     * @param key of the configuration, for the message
     * @throws IOException if another process listens there, or something else than a socket is there
     */
    public static void removeStale(Path path, String key) throws IOException {
        if (!Files.exists(path)) {
            return;
        }
        if (!Files.readAttributes(path, BasicFileAttributes.class).isOther()) {
            throw new FileSystemException(
                    path.toString(), null, key + " is a path at which something other than a socket lies");
        }
        try (SocketChannel probe = SocketChannel.open(UnixDomainSocketAddress.of(path))) {
            throw new FileSystemException(
                    path.toString(),
                    null,
                    "another process listens on " + key + " (connected as " + probe.getRemoteAddress()
                            + "): stop it or choose another path");
        } catch (ConnectException _) {
            Files.delete(path);
        }
    }

    public static void permit(Path path, Set<PosixFilePermission> mode) throws IOException {
        Files.setPosixFilePermissions(path, mode);
    }
}
