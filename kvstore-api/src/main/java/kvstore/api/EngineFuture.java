package kvstore.api;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The future of a read or a write, which only its engine completes.
 *
 * <p>Whoever holds it gives the memory to someone else when it is complete, so a cancel or a timeout that completed it
 * early would let the kernel write into another chunk. Those calls therefore have no effect on this future, or act on a
 * copy of it.
 */
public abstract class EngineFuture extends CompletableFuture<Void> {
    /** Completes it; with the failure, if there is one. */
    protected final void finish(@Nullable Throwable failure) {
        if (failure == null) {
            super.complete(null);
        } else {
            super.completeExceptionally(failure);
        }
    }

    @Override
    public final boolean cancel(boolean mayInterruptIfRunning) {
        return false;
    }

    @Override
    public final boolean complete(@Nullable Void value) {
        return false;
    }

    @Override
    public final boolean completeExceptionally(Throwable failure) {
        return false;
    }

    @Override
    public final CompletableFuture<Void> orTimeout(long timeout, TimeUnit unit) {
        return copy().orTimeout(timeout, unit);
    }

    @Override
    public final CompletableFuture<Void> completeOnTimeout(@Nullable Void value, long timeout, TimeUnit unit) {
        return copy().completeOnTimeout(null, timeout, unit);
    }

    /** What is chained to this future is an ordinary one. */
    @Override
    public final <U extends @Nullable Object> CompletableFuture<U> newIncompleteFuture() {
        return new CompletableFuture<>();
    }
}
