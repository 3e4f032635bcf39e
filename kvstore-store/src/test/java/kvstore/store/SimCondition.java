package kvstore.store;

import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** A condition whose waiting is the {@link SimScheduler}'s. */
final class SimCondition implements Condition {
    private final SimScheduler scheduler;
    private final ReentrantLock lock;
    private final List<SimScheduler.Task> waiters = new ArrayList<>();

    SimCondition(SimScheduler scheduler, ReentrantLock lock) {
        this.scheduler = scheduler;
        this.lock = lock;
    }

    @Override
    public long awaitNanos(long nanosTimeout) {
        long end = scheduler.nanos() + nanosTimeout;
        yieldUntil(end);
        return end - scheduler.nanos();
    }

    @Override
    public void awaitUninterruptibly() {
        yieldUntil(Long.MAX_VALUE);
    }

    @Override
    public void await() {
        yieldUntil(Long.MAX_VALUE);
    }

    @Override
    public boolean await(long time, TimeUnit unit) {
        throw new UnsupportedOperationException();
    }

    @Override
    public boolean awaitUntil(Date deadline) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void signal() {
        signalAll();
    }

    @Override
    public void signalAll() {
        waiters.forEach(scheduler::wake);
    }

    private void yieldUntil(long untilNanos) {
        SimScheduler.Task task = Objects.requireNonNull(scheduler.current());
        waiters.add(task);
        lock.unlock();
        try {
            scheduler.await(untilNanos);
        } finally {
            lock.lock();
            waiters.remove(task);
        }
    }
}
