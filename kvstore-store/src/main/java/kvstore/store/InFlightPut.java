package kvstore.store;

import java.util.concurrent.CompletableFuture;
import kvstore.api.ChunkKey;
import kvstore.api.KeyDigest;

/**
 * A put between its registration and its end. At most one for each key.
 *
 * <p>The two numbers below order a put and a delete of the same key that run at the same time, so that memory and disk
 * agree who was last. They are touched only inside {@link InFlight}'s atomic steps.
 */
final class InFlightPut {
    final ChunkKey key;
    final KeyDigest digest;
    final long length;
    final String clientId;

    /** Completes with whether the key became visible. */
    final CompletableFuture<Boolean> committed = new CompletableFuture<>();

    /** Sequence of the record that is being written; 0 before commit. */
    long sequence;

    /** A delete with a higher sequence than {@link #sequence} came in between: the record must not become visible. */
    boolean deleted;

    InFlightPut(ChunkKey key, KeyDigest digest, long length, String clientId) {
        this.key = key;
        this.digest = digest;
        this.length = length;
        this.clientId = clientId;
    }
}
