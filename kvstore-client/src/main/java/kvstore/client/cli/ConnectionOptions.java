package kvstore.client.cli;

import java.time.Duration;
import java.util.logging.Level;
import java.util.logging.Logger;
import kvstore.client.ClientOptions;
import kvstore.client.KvStoreClient;
import kvstore.client.Target;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The options of every command that talks to a daemon: a picocli mixin. */
public final class ConnectionOptions {
    // It prints a stack trace for a host that has no address, and the command says the same in a sentence. Held here,
    // because java.util.logging forgets the level of a logger that nobody holds.
    private static final Logger GRPC_CHANNEL_LOG = Logger.getLogger("io.grpc.internal.ManagedChannelImpl");

    @Option(
            names = "--target",
            paramLabel = "TARGET",
            defaultValue = "${env:KVSTORE_TARGET:-127.0.0.1:7420}",
            description = {
                "The daemon: host:port, or unix:/path of its socket.",
                "Default: $KVSTORE_TARGET if set, else 127.0.0.1:7420."
            })
    private Target target;

    @Option(
            names = "--timeout",
            paramLabel = "TIME",
            defaultValue = "30s",
            description = "Most time for each call, such as 500ms, 30s or 2m. Default: ${DEFAULT-VALUE}.")
    private Duration timeout;

    @Mixin
    private TlsOptions tls;

    @Option(names = "--json", description = "Print one JSON document instead of text.")
    private boolean json;

    /** Whether the answer shall be one JSON document on stdout. */
    public boolean json() {
        return json;
    }

    public Target target() {
        return target;
    }

    public Duration timeout() {
        return timeout;
    }

    /** Connects and agrees on the version of the wire contract. */
    public Session connect() {
        return connect(1);
    }

    /** As {@link #connect()}, for transfers side by side. */
    Session connect(int transferConnections) {
        GRPC_CHANNEL_LOG.setLevel(Level.OFF);
        KvStoreClient client = client(transferConnections);
        try {
            return new Session(client, client.hello());
        } catch (RuntimeException e) {
            client.close();
            throw e;
        }
    }

    /** For a question that a daemon answers before it is ready, or for who makes something of a failed Hello. */
    public KvStoreClient connectWithoutHello() {
        GRPC_CHANNEL_LOG.setLevel(Level.OFF);
        return client(1);
    }

    private KvStoreClient client(int transferConnections) {
        return KvStoreClient.connect(
                target,
                withTls(ClientOptions.defaults())
                        .withTimeout(timeout)
                        .withTransferConnections(transferConnections)
                        .withClientName("kvstore-cli/" + Version.current()));
    }

    /** These options, with TLS if the command line or the environment asks for it. */
    public ClientOptions withTls(ClientOptions options) {
        return tls.files().map(options::withTls).orElse(options);
    }
}
