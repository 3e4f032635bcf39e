package kvstore.client.cli;

/** Lets bytes through at a steady rate, and never saves up: a pause is not made good by a burst. Not thread-safe. */
final class RateLimit {
    /** No limit. */
    static final long UNLIMITED = Long.MAX_VALUE;

    private static final double NANOS = 1e9;

    private final long bytesPerSecond;
    private final Timer timer;
    private long freeNanos;

    /**
     * @param bytesPerSecond at least 1; {@link #UNLIMITED} for none
     */
    RateLimit(long bytesPerSecond, Timer timer) {
        this.bytesPerSecond = bytesPerSecond;
        this.timer = timer;
        this.freeNanos = timer.nanoTime();
    }

    /** Waits until what was let through before has used up its time. */
    void acquire(long bytes) {
        if (bytesPerSecond == UNLIMITED) {
            return;
        }
        long now = timer.nanoTime();
        long wait = freeNanos - now;
        if (wait > 0) {
            pause(timer, wait);
        } else {
            freeNanos = now;
        }
        freeNanos += (long) (NANOS * bytes / bytesPerSecond);
    }

    /** Waits; an interrupt ends the command. */
    static void pause(Timer timer, long nanos) {
        try {
            timer.sleep(nanos);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CommandFailure(ExitCode.FAILED, "interrupted", e);
        }
    }
}
