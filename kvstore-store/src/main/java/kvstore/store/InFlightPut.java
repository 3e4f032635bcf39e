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

    /**
     * Time of the last use of the chunk of which this is another copy, made because its segment is about to go; 0 for a
     * client's put.
     */
    final int movedUseSeconds;

    /** Sequence of the record that is being written; 0 before commit, but given from the start to what is moved. */
    long sequence;

    /** A delete with a higher sequence than {@link #sequence} came in between: the record must not become visible. */
    boolean deleted;

    InFlightPut(ChunkKey key, KeyDigest digest, long length, String clientId) {
        this(key, digest, length, clientId, 0);
    }

    InFlightPut(ChunkKey key, KeyDigest digest, long length, String clientId, int movedUseSeconds) {
        this.movedUseSeconds = movedUseSeconds;
        this.key = key;
        this.digest = digest;
        this.length = length;
        this.clientId = clientId;
    }

    /** Whether the store itself puts a chunk again that it has. */
    boolean moves() {
        return movedUseSeconds != 0;
    }
}
