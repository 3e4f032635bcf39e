package kvstore.server.transfer;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import kvstore.v1.PutReason;

/** Waiting on futures with a bound. */
public final class Futures {
    private Futures() {}

    /** Waits until the future is done, one way or the other; false if that takes longer than {@code wait}. */
    static boolean endsWithin(CompletableFuture<?> future, Duration wait) throws InterruptedException {
        try {
            future.get(wait.toNanos(), TimeUnit.NANOSECONDS);
            return true;
        } catch (ExecutionException _) {
            return true;
        } catch (TimeoutException _) {
            return false;
        }
    }

    /**
     * Waits for the outcome of a put whose disk may never answer. Not interruptible, because the put is under way.
     *
     * @param committed completes with an outcome, never with a failure
     * @param wait for the disk
     */
    public static PutOutcome outcomeWithin(CompletableFuture<PutOutcome> committed, Duration wait) {
        boolean interrupted = false;
        long end = System.nanoTime() + wait.toNanos();
        try {
            while (true) {
                try {
                    return committed.get(Math.max(0, end - System.nanoTime()), TimeUnit.NANOSECONDS);
                } catch (InterruptedException _) {
                    interrupted = true;
                } catch (TimeoutException _) {
                    return PutOutcome.shed(
                            PutReason.PUT_REASON_IO_TIMEOUT, "the disk did not answer the write within " + wait);
                } catch (ExecutionException e) {
                    throw new AssertionError("a commit has an outcome", e);
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
