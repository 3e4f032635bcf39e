package kvstore.server.transfer;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Waiting on futures with a bound. */
final class Futures {
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
}
