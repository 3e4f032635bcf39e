package kvstore.store;

import java.util.concurrent.TimeUnit;

/**
 * Lets something that fails be tried again after a second, and then after twice as long each time, up to half a minute.
 * Not thread-safe.
 */
final class Backoff {
    private static final long FIRST_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long LAST_NANOS = TimeUnit.SECONDS.toNanos(30);

    private long pauseNanos;
    private long sinceNanos;

    /** It failed. Of many attempts that were under way together, the first counts. */
    void failed(long nowNanos) {
        if (!pausing(nowNanos)) {
            pauseNanos = pauseNanos == 0 ? FIRST_NANOS : Math.min(2 * pauseNanos, LAST_NANOS);
            sinceNanos = nowNanos;
        }
    }

    void succeeded() {
        pauseNanos = 0;
    }

    /** It failed, and has not succeeded since. */
    boolean failing() {
        return pauseNanos > 0;
    }

    /** It is not to be tried now. */
    boolean pausing(long nowNanos) {
        return leftNanos(nowNanos) > 0;
    }

    /** When it may be tried; 0 for now. */
    long leftNanos(long nowNanos) {
        return failing() ? Math.max(0, pauseNanos - (nowNanos - sinceNanos)) : 0;
    }
}
