package kvstore.api;

import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * Leaves a way alone that keeps failing, and tries it again now and then with a single request. Thread-safe.
 */
public final class Breaker {
    private final int failuresMax;
    private final long retryNanos;
    private final LongSupplier nanoTime;

    private int failuresInARow;
    private boolean open;
    private boolean trying;
    private long retryAtNanos;
    private long opened;

    /**
     * Starts with the way open to requests.
     *
     * @param failuresMax failures in a row after which it is left alone
     * @param retryMillis how long it is left alone before it is tried again
     * @param nanoTime a clock as {@link System#nanoTime}
     */
    public Breaker(int failuresMax, int retryMillis, LongSupplier nanoTime) {
        this.failuresMax = failuresMax;
        this.retryNanos = TimeUnit.MILLISECONDS.toNanos(retryMillis);
        this.nanoTime = nanoTime;
    }

    /** Whether a request may go this way. Whoever is allowed says afterwards how it went. */
    public synchronized boolean allows() {
        if (!open) {
            return true;
        }
        if (trying || nanoTime.getAsLong() - retryAtNanos < 0) {
            return false;
        }
        trying = true;
        return true;
    }

    /** A request went well here. */
    public synchronized void succeeded() {
        failuresInARow = 0;
        open = false;
        trying = false;
    }

    /** A request failed here and would have gone well elsewhere. */
    public synchronized void failed() {
        failuresInARow++;
        if (open || failuresInARow >= failuresMax) {
            trip();
        }
    }

    /** Leaves the way alone from now on, however few requests have failed. */
    public synchronized void trip() {
        if (!open) {
            opened++;
        }
        open = true;
        trying = false;
        retryAtNanos = nanoTime.getAsLong() + retryNanos;
    }

    /** A request failed here and the other way too, which says nothing about this one. */
    public synchronized void undecided() {
        if (trying) {
            trying = false;
            retryAtNanos = nanoTime.getAsLong() + retryNanos;
        }
    }

    /** Whether the way is left alone. */
    public synchronized boolean isOpen() {
        return open;
    }

    /** How often it has opened. */
    public synchronized long opened() {
        return opened;
    }
}
