package kvstore.store;

import java.io.Serial;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** A lock that is held while others have their turn, and whose waiting is the {@link SimScheduler}'s. */
final class SimLock extends ReentrantLock {
    @Serial
    private static final long serialVersionUID = 1L;

    private static final long LOOK_AGAIN_NANOS = 10_000;

    private final transient SimScheduler scheduler;

    SimLock(SimScheduler scheduler) {
        this.scheduler = scheduler;
    }

    @Override
    public void lock() {
        while (!tryLock()) {
            scheduler.await(scheduler.nanos() + LOOK_AGAIN_NANOS);
        }
    }

    @Override
    public Condition newCondition() {
        return new SimCondition(scheduler, this);
    }
}
