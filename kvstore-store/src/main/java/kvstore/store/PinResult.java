package kvstore.store;

import java.util.concurrent.CompletableFuture;

/** What {@link ChunkStore#pin} answers. */
public sealed interface PinResult {
    /** The chunk is here and stays until it is closed. */
    record Pinned(PinnedChunk chunk) implements PinResult {}

    /**
     * Not here yet: its put is under way.
     *
     * @param committed completes with whether that put made the key visible; never exceptionally
     */
    record InFlight(CompletableFuture<Boolean> committed) implements PinResult {}

    /** It lies in a directory that is set aside, and will be found when that is back. */
    record Away() implements PinResult {}

    /** Not here. */
    record Absent() implements PinResult {}
}
