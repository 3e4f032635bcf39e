package kvstore.client;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Where a daemon listens. */
public sealed interface Target {
    /** Where a daemon listens that was not told otherwise. */
    Target DEFAULT = new Tcp("127.0.0.1", 7420);

    /** {@code sun_path} has 108 bytes, one of them for the final zero. */
    int MAX_SOCKET_PATH_BYTES = 107;

    /**
     * A Unix domain socket.
     *
     * @param path absolute, at most {@link #MAX_SOCKET_PATH_BYTES} bytes
     */
    record Unix(Path path) implements Target {
        public Unix {
            if (!path.isAbsolute()) {
                throw new IllegalArgumentException(
                        "target unix:" + path + " needs an absolute path, such as unix:/run/x");
            }
            if (path.toString().getBytes(StandardCharsets.UTF_8).length > MAX_SOCKET_PATH_BYTES) {
                throw new IllegalArgumentException(
                        "target unix:%s is longer than the %d bytes that a socket's path may have"
                                .formatted(path, MAX_SOCKET_PATH_BYTES));
            }
        }

        @Override
        public String toString() {
            return "unix:" + path;
        }
    }

    /**
     * A TCP port.
     *
     * @param host a name or an address; IPv6 without brackets
     * @param port 1 to 65535
     */
    record Tcp(String host, int port) implements Target {
        public Tcp {
            if (host.isEmpty() || port < 1 || port > 65535) {
                throw new IllegalArgumentException(
                        "target %s:%d needs a host and a port from 1 to 65535".formatted(host, port));
            }
        }

        @Override
        public String toString() {
            return (host.contains(":") ? "[" + host + "]" : host) + ":" + port;
        }
    }

    /**
     * Reads {@code unix:/path}, {@code unix:///path}, {@code host:port} or {@code [IPv6]:port}.
     *
     * @throws IllegalArgumentException if the text is none of them; the message is a sentence for the user
     */
    static Target parse(String text) {
        if (text.startsWith("unix:")) {
            return new Unix(
                    Path.of(text.substring(text.startsWith("unix:///") ? "unix://".length() : "unix:".length())));
        }
        int colon = text.lastIndexOf(':');
        String host = colon < 0 ? text : text.substring(0, colon);
        boolean bracketed = host.startsWith("[") && host.endsWith("]");
        if (colon <= 0 || (host.contains(":") && !bracketed)) {
            throw new IllegalArgumentException("target '" + text + "' is neither unix:/path nor host:port");
        }
        try {
            return new Tcp(
                    bracketed ? host.substring(1, host.length() - 1) : host,
                    Integer.parseInt(text.substring(colon + 1)));
        } catch (NumberFormatException _) {
            throw new IllegalArgumentException("target '" + text + "' needs a port number after its last colon");
        }
    }
}
