package kvstore.lustre;

import java.lang.foreign.MemorySegment;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import kvstore.api.IoFailure;
import kvstore.api.IoFailure.Kind;
import org.jspecify.annotations.Nullable;

/**
 * One read or write: what a lane runs, and the future that its caller holds.
 *
 * <p>Only the engine completes it. Whoever holds the future gives the memory to someone else when it is complete, so a
 * cancel or a timeout that completed it early would let the kernel write into another chunk. Those calls therefore have
 * no effect on this future, or act on a copy of it.
 */
final class IoOperation extends CompletableFuture<Void> implements Runnable {
    private final PosixFile file;
    private final IoStats stats;
    private final boolean reading;
    private final MemorySegment memory;
    private final long offset;
    private final long submittedNanos = System.nanoTime();

    IoOperation(PosixFile file, IoStats stats, boolean reading, MemorySegment memory, long offset) {
        this.file = file;
        this.stats = stats;
        this.reading = reading;
        this.memory = memory;
        this.offset = offset;
    }

    /** Moves the bytes, on a thread of the lane. The caller has acquired the file; this releases it. */
    @Override
    public void run() {
        long startNanos = System.nanoTime();
        stats.started(startNanos - submittedNanos);
        Throwable failure = null;
        try {
            file.transfer(reading, memory, offset, stats);
            stats.succeeded(memory.byteSize());
        } catch (IoFailure e) {
            stats.failed(e.kind());
            failure = e;
        } catch (RuntimeException | Error e) {
            // freed memory, for one: the caller's mistake, but its future must complete
            stats.failed(Kind.OTHER);
            failure = e;
        }
        stats.ended(System.nanoTime() - startNanos);
        file.release();
        finish(failure);
    }

    /** Completes without having run. */
    void refuse(IoFailure failure) {
        finish(failure);
    }

    private void finish(@Nullable Throwable failure) {
        if (failure == null) {
            super.complete(null);
        } else {
            super.completeExceptionally(failure);
        }
    }

    @Override
    public boolean cancel(boolean mayInterruptIfRunning) {
        return false;
    }

    @Override
    public boolean complete(@Nullable Void value) {
        return false;
    }

    @Override
    public boolean completeExceptionally(Throwable failure) {
        return false;
    }

    @Override
    public CompletableFuture<Void> orTimeout(long timeout, TimeUnit unit) {
        return copy().orTimeout(timeout, unit);
    }

    @Override
    public CompletableFuture<Void> completeOnTimeout(@Nullable Void value, long timeout, TimeUnit unit) {
        return copy().completeOnTimeout(null, timeout, unit);
    }

    /** What is chained to this future is an ordinary one. */
    @Override
    public <U extends @Nullable Object> CompletableFuture<U> newIncompleteFuture() {
        return new CompletableFuture<>();
    }
}
