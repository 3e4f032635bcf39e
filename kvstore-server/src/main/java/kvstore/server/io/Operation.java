package kvstore.server.io;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Supplier;
import kvstore.api.EngineFuture;
import org.jspecify.annotations.Nullable;

/** One read or write: in line, then with the engine. Its future completes when the engine has let go of the buffer. */
final class Operation extends EngineFuture {
    /** Headers, tombstones and index blocks: they are what transfers wait for, and cost the disk next to nothing. */
    private static final long SMALL_BYTES = 128 * 1024;

    private final Supplier<CompletableFuture<Void>> start;
    private final long bytes;
    private final long submittedNanos;

    /** @param start asks the engine */
    Operation(long bytes, long submittedNanos, Supplier<CompletableFuture<Void>> start) {
        this.bytes = bytes;
        this.submittedNanos = submittedNanos;
        this.start = start;
    }

    long bytes() {
        return bytes;
    }

    long submittedNanos() {
        return submittedNanos;
    }

    /** Whether it goes past the line. */
    boolean isSmall() {
        return bytes <= SMALL_BYTES;
    }

    CompletableFuture<Void> start() {
        return start.get();
    }

    void end(@Nullable Throwable failure) {
        finish(unwrapped(failure));
    }

    static @Nullable Throwable unwrapped(@Nullable Throwable failure) {
        return failure instanceof CompletionException wrapped && wrapped.getCause() != null
                ? wrapped.getCause()
                : failure;
    }
}
