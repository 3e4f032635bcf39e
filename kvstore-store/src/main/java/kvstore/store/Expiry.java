package kvstore.store;

import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Removes whole segments that nobody wanted for too long, a few times in that period. Set off by whoever uses the store, so
 * that it needs no thread: a store that nobody asks keeps what it has.
 */
final class Expiry {
    private static final int PERIOD_SECONDS = 15;

    private final EvictionPolicy policy;
    private final Evictor evictor;
    private final Environment environment;
    private final AtomicInteger nextSeconds = new AtomicInteger();

    Expiry(EvictionPolicy policy, Evictor evictor, Environment environment) {
        this.policy = policy;
        this.evictor = evictor;
        this.environment = environment;
    }

    /**
     * Starts a round in the background if it is time.
     *
     * @return what was used last before this second is a miss
     */
    int tick(int nowSeconds) {
        int limit = policy.expiredBefore(nowSeconds);
        int next = nextSeconds.get();
        if (limit != 0 && nowSeconds >= next && nextSeconds.compareAndSet(next, nowSeconds + PERIOD_SECONDS)) {
            try {
                environment.background().execute(evictor::evictExpired);
            } catch (RejectedExecutionException _) {
                // closing
            }
        }
        return limit;
    }
}
