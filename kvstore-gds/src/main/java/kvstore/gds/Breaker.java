package kvstore.gds;

import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * Leaves a way alone that keeps failing, and tries it again now and then with a single request. Thread-safe.
 */
final class Breaker {
    private final int failuresMax;
    private final long retryNanos;
    private final LongSupplier nanoTime;

    private int failuresInARow;
    private boolean open;
    private boolean trying;
    private long retryAtNanos;
    private long opened;

    Breaker(int failuresMax, int retryMillis, LongSupplier nanoTime) {
        this.failuresMax = failuresMax;
        this.retryNanos = TimeUnit.MILLISECONDS.toNanos(retryMillis);
        this.nanoTime = nanoTime;
    }

    /** Whether a request may go this way. Whoever is allowed says afterwards how it went. */
    synchronized boolean allows() {
        if (!open) {
            return true;
        }
        if (trying || nanoTime.getAsLong() - retryAtNanos < 0) {
            return false;
        }
        trying = true;
        return true;
    }

    synchronized void succeeded() {
        failuresInARow = 0;
        open = false;
        trying = false;
    }

    /** A request failed here and went well the other way. */
    synchronized void failed() {
        failuresInARow++;
        if (open || failuresInARow >= failuresMax) {
            if (!open) {
                opened++;
            }
            open = true;
            trying = false;
            retryAtNanos = nanoTime.getAsLong() + retryNanos;
        }
    }

    /** A request failed here and the other way too, which says nothing about this one. */
    synchronized void undecided() {
        if (trying) {
            trying = false;
            retryAtNanos = nanoTime.getAsLong() + retryNanos;
        }
    }

    synchronized boolean isOpen() {
        return open;
    }

    /** How often it has opened. */
    synchronized long opened() {
        return opened;
    }
}
