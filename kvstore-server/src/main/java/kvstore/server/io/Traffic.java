package kvstore.server.io;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import kvstore.api.IoFailure;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides what an engine is asked and when: reads first, writes with what is left, nothing at all of a disk that does not
 * answer. Thread-safe; the engine is called and futures are completed outside the lock.
 */
final class Traffic {
    private static final Logger log = LoggerFactory.getLogger(Traffic.class);

    /** How long after the last read writes still hold back: one reader's next read comes within that. */
    private static final long READS_LINGER_NANOS = 20_000_000;

    private final GuardConfig config;
    private final LongSupplier nanoTime;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition moved = lock.newCondition();
    private final Flow reads;
    private final Flow writes;
    private final AtomicInteger dispatches = new AtomicInteger();

    /** While the store is being recovered, nothing is refused: what is slow then is better than what is missing. */
    private boolean armed;

    Traffic(GuardConfig config, LongSupplier nanoTime) {
        this.config = config;
        this.nanoTime = nanoTime;
        this.reads = new Flow("reads", config.readBudgetBytes(), config, nanoTime);
        this.writes = new Flow("writes", config.writeBudgetBytes(), config, nanoTime);
    }

    Flow reads() {
        return reads;
    }

    Flow writes() {
        return writes;
    }

    void arm() {
        locked(() -> armed = true);
    }

    /**
     * Asks the engine, now or when its turn comes.
     *
     * @throws IllegalArgumentException from the engine, if its turn is now
     */
    CompletableFuture<Void> submit(Flow flow, long bytes, Supplier<CompletableFuture<Void>> start) {
        Operation operation = new Operation(bytes, nanoTime.getAsLong(), start);
        boolean begins = false;
        boolean refused = false;
        lock.lock();
        try {
            if (armed && flow.isOpen()) {
                flow.countRefused();
                refused = true;
            } else if (operation.isSmall() || (flow.first() == null && flow.fits(operation, limitBytes(flow)))) {
                flow.begin(operation);
                begins = true;
            } else {
                flow.enqueue(operation);
            }
        } finally {
            lock.unlock();
        }
        if (refused) {
            operation.end(unavailable(flow));
        } else if (begins) {
            start(flow, operation);
        }
        return operation;
    }

    private void start(Flow flow, Operation operation) {
        CompletableFuture<Void> asked;
        try {
            asked = operation.start();
        } catch (RuntimeException | Error e) {
            end(flow, operation, new IoFailure(IoFailure.Kind.CLOSED, 0, "the engine was not asked"));
            throw e;
        }
        var _ = asked.whenComplete((_, failure) -> end(flow, operation, Operation.unwrapped(failure)));
    }

    private void end(Flow flow, Operation operation, @Nullable Throwable failure) {
        locked(() -> flow.end(operation, failure));
        operation.end(failure);
        dispatch();
    }

    /** Starts what may start now. One thread at a time, or operations that end at once would pile up calls. */
    private void dispatch() {
        if (dispatches.getAndIncrement() > 0) {
            return; // whoever is at it looks again
        }
        int seen = 1;
        while (seen > 0) {
            List<Runnable> starts = new ArrayList<>();
            locked(() -> {
                moved.signalAll();
                collect(reads, starts);
                collect(writes, starts);
            });
            starts.forEach(Runnable::run);
            seen = dispatches.addAndGet(-seen);
        }
    }

    private void collect(Flow flow, List<Runnable> starts) {
        for (Operation first = flow.first();
                first != null && flow.fits(first, limitBytes(flow));
                first = flow.first()) {
            Operation next = flow.dequeue();
            flow.begin(next);
            starts.add(() -> startLate(flow, next));
        }
    }

    /** A mistake in an operation that has waited is told by its future, because the call has returned. */
    private void startLate(Flow flow, Operation operation) {
        try {
            start(flow, operation);
        } catch (RuntimeException e) {
            log.atError().setCause(e).log("an operation was refused by its engine as a mistake of this program");
        }
    }

    /** Writes leave room while there are reads: of the disk's time, not of anything in this process. */
    private long limitBytes(Flow flow) {
        if (flow == reads) {
            return reads.budgetBytes();
        }
        boolean besideReads = !reads.isIdle() || nanoTime.getAsLong() - reads.lastEndNanos() < READS_LINGER_NANOS;
        return besideReads ? Math.min(config.writeBytesBesideReads(), writes.budgetBytes()) : writes.budgetBytes();
    }

    /**
     * Whether a transfer of so many bytes should not even begin.
     *
     * @param waitNanos how long to wait until no more than the budget is in line
     * @param leftNanos until whoever asked stops waiting
     * @return null if it should
     */
    @Nullable
    Refusal admit(Flow flow, long bytes, long waitNanos, long leftNanos) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            long left = waitNanos;
            while (true) {
                if (armed && flow.isOpen()) {
                    return Refusal.UNAVAILABLE;
                }
                if (flow.expectedNanos(bytes) > leftNanos) {
                    return Refusal.OVERLOADED;
                }
                if (flow.lineBytes() < flow.budgetBytes()) {
                    return null;
                }
                if (left <= 0) {
                    return Refusal.OVERLOADED;
                }
                left = moved.awaitNanos(left);
            }
        } finally {
            lock.unlock();
        }
    }

    /** Looks at the clock: for operations that nobody waits for any more, and for a disk that has gone silent. */
    void look() {
        for (Flow flow : List.of(reads, writes)) {
            List<Operation> overdue = new ArrayList<>();
            locked(() -> {
                if (armed) {
                    for (Operation next = flow.pollOverdue(); next != null; next = flow.pollOverdue()) {
                        overdue.add(next);
                        flow.countRefused();
                    }
                }
            });
            overdue.forEach(operation -> operation.end(unavailable(flow)));
        }
        dispatch();
    }

    /** A probe of the disk ended so. */
    void probed(Flow flow, @Nullable Throwable failure) {
        locked(() -> flow.answered(Operation.unwrapped(failure)));
    }

    boolean wantsProbe() {
        lock.lock();
        try {
            boolean readsWant = reads.wantsProbe(); // both are asked: each breaker allows a probe of its own
            boolean writesWant = writes.wantsProbe();
            return readsWant || writesWant;
        } finally {
            lock.unlock();
        }
    }

    FlowStats stats(Flow flow) {
        lock.lock();
        try {
            return flow.stats();
        } finally {
            lock.unlock();
        }
    }

    private static IoFailure unavailable(Flow flow) {
        return new IoFailure(
                IoFailure.Kind.UNAVAILABLE, 0, "the disk does not answer " + flow.name() + ": nothing was tried");
    }

    private void locked(Runnable change) {
        lock.lock();
        try {
            change.run();
        } finally {
            lock.unlock();
        }
    }
}
