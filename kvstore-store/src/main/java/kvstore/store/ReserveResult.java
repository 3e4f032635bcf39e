package kvstore.store;

import java.util.concurrent.CompletableFuture;

/** What {@link ChunkStore#reserve} answers. */
public sealed interface ReserveResult {
    /** An extent is the caller's to fill. It must commit or close the reservation. */
    record Reserved(Reservation reservation) implements ReserveResult {}

    /**
     * A value of this length stands under the key already; there is nothing to write.
     *
     * @param length in bytes
     */
    record AlreadyStored(long length) implements ReserveResult {}

    /**
     * Another put of this key is under way.
     *
     * @param committed completes with whether that put made the key visible; never exceptionally
     */
    record InFlight(CompletableFuture<Boolean> committed) implements ReserveResult {}

    /**
     * Not now.
     *
     * @param message what happened, for people
     */
    record Refused(ShedReason reason, String message) implements ReserveResult {}
}
