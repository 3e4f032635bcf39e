package kvstore.client.cli;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import kvstore.client.KvStoreClient;
import kvstore.client.KvStoreException;
import kvstore.v1.HelloResponse;

/** A client, and what the daemon said of itself when it connected. */
public record Session(KvStoreClient client, HelloResponse daemon) implements AutoCloseable {
    /** Waits for the results of a put or get. */
    static <T> List<T> await(CompletableFuture<List<T>> transfer) {
        try {
            return transfer.join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof KvStoreException failure) {
                throw failure;
            }
            throw e;
        }
    }

    /** How many keys a call may have. */
    int keysPerCall() {
        // an int although unsigned on the wire: more would not fit into a message anyway
        return Math.max(1, daemon.getLimits().getKeys());
    }

    @Override
    public void close() {
        client.close();
    }
}
