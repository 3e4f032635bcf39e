package kvstore.server.scrub;

import java.util.function.IntSupplier;
import java.util.function.LongSupplier;

/**
 * Lets a scrub read no faster than it may, and not while other reads wait: it is never urgent. Not thread-safe.
 */
final class Pace {
    /** Waits so long, in nanoseconds, or less if told to stop; says whether to go on. */
    interface Pause {
        boolean sleep(long nanos);
    }

    /** A pause lasts no longer, so that an end is noticed. */
    static final long SLICE_NANOS = 100_000_000;

    /** How long one read gives way to others at most: where reads always wait, a scrub would never end. */
    static final long GIVE_WAY_NANOS = 100_000_000;

    private static final long LOOK_AGAIN_NANOS = 1_000_000;
    private static final double NANOS_PER_SECOND = 1e9;

    private final long bytesPerSecond;
    private final IntSupplier readsQueued;
    private final LongSupplier nanos;
    private final Pause pause;
    private long nextNanos;

    /** @param bytesPerSecond 0 for no limit */
    Pace(long bytesPerSecond, IntSupplier readsQueued, LongSupplier nanos, Pause pause) {
        this.bytesPerSecond = bytesPerSecond;
        this.readsQueued = readsQueued;
        this.nanos = nanos;
        this.pause = pause;
        this.nextNanos = nanos.getAsLong();
    }

    /** Waits until so many bytes may be read; false if the scrub shall end. */
    boolean mayRead(long bytes) {
        long now = nanos.getAsLong();
        while (nextNanos - now > 0) {
            if (!pause.sleep(Math.min(SLICE_NANOS, nextNanos - now))) {
                return false;
            }
            now = nanos.getAsLong();
        }
        if (bytesPerSecond > 0) {
            // From now, not from when it might have been: what was missed is not caught up in a burst.
            nextNanos = now + (long) (NANOS_PER_SECOND * bytes / bytesPerSecond);
        }
        return giveWay(now + GIVE_WAY_NANOS);
    }

    private boolean giveWay(long end) {
        while (readsQueued.getAsInt() > 0 && end - nanos.getAsLong() > 0) {
            if (!pause.sleep(LOOK_AGAIN_NANOS)) {
                return false;
            }
        }
        return pause.sleep(0);
    }
}
