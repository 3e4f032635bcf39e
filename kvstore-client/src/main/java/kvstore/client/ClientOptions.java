package kvstore.client;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;

/**
 * How a client behaves.
 *
 * @param timeout the deadline of each call, from its start to its last answer
 * @param transferConnections connections for put and get, 1 to 64. One moves about 1 GB/s, because each lives on one core
 * @param clientName name and version for the daemon's logs, at most 128 bytes of UTF-8
 * @param clientId the same for one process, at most 64 bytes of UTF-8: a key whose put is in flight counts as present for
 *     the client that puts it
 * @param tls for TCP targets; empty for no TLS
 */
public record ClientOptions(
        Duration timeout, int transferConnections, String clientName, String clientId, Optional<TlsFiles> tls) {
    private static final int MAX_TRANSFER_CONNECTIONS = 64;
    private static final int MAX_NAME_BYTES = 128;
    private static final int MAX_ID_BYTES = 64;

    public ClientOptions {
        if (!timeout.isPositive()) {
            throw new IllegalArgumentException("timeout must be positive, not " + timeout);
        }
        if (transferConnections < 1 || transferConnections > MAX_TRANSFER_CONNECTIONS) {
            throw new IllegalArgumentException("transferConnections must be 1 to %d, not %d"
                    .formatted(MAX_TRANSFER_CONNECTIONS, transferConnections));
        }
        requireBytes("clientName", clientName, MAX_NAME_BYTES);
        requireBytes("clientId", clientId, MAX_ID_BYTES);
    }

    /** 30 seconds, 2 connections for transfers, a new random identity. */
    public static ClientOptions defaults() {
        return new ClientOptions(
                Duration.ofSeconds(30), 2, "kvstore-java", UUID.randomUUID().toString(), Optional.empty());
    }

    public ClientOptions withTimeout(Duration newTimeout) {
        return new ClientOptions(newTimeout, transferConnections, clientName, clientId, tls);
    }

    public ClientOptions withTransferConnections(int connections) {
        return new ClientOptions(timeout, connections, clientName, clientId, tls);
    }

    public ClientOptions withClientName(String name) {
        return new ClientOptions(timeout, transferConnections, name, clientId, tls);
    }

    public ClientOptions withClientId(String id) {
        return new ClientOptions(timeout, transferConnections, clientName, id, tls);
    }

    /** Encrypted, with certificates on both sides. */
    public ClientOptions withTls(TlsFiles files) {
        return new ClientOptions(timeout, transferConnections, clientName, clientId, Optional.of(files));
    }

    private static void requireBytes(String field, String value, int maxBytes) {
        if (value.getBytes(StandardCharsets.UTF_8).length > maxBytes) {
            throw new IllegalArgumentException("%s '%s' has more than %d bytes".formatted(field, value, maxBytes));
        }
    }
}
