package kvstore.store;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The end of the log: one segment that is written, and a spare one that is made ready in the background once that is half
 * full, so that a put normally never waits for a file to be created.
 *
 * <p>The lock guards numbers only; files are created, sealed and deleted outside of it.
 */
final class SegmentLog {
    /** What {@link #take} answers. */
    sealed interface Taken {
        record Room(Extent extent) implements Taken {}

        record NoRoom(ShedReason reason, String message) implements Taken {}
    }

    private final SegmentSource source;
    private final Environment environment;
    private final ReentrantLock lock;
    private final Condition changed;

    /** Every segment that is not sealed yet, the open one among them. */
    private final Map<Segment, OpenSegment> unsealed = new HashMap<>();

    private @Nullable OpenSegment open;
    private @Nullable Segment spare;
    private boolean preparing;
    private SegmentSource.@Nullable Failed failed;
    private long failedNanos;
    private boolean stopping;

    SegmentLog(SegmentSource source, Environment environment) {
        this.source = source;
        this.environment = environment;
        this.lock = environment.locks().get();
        this.changed = lock.newCondition();
    }

    /**
     * Takes room for a record; {@link #finish} must follow.
     *
     * @param blocks header and payload
     * @param entryBytes what its entries will take in the index area
     * @param urgent may use what is kept back from values
     * @param waitNanos how long to wait for a segment
     */
    Taken take(int blocks, int entryBytes, boolean urgent, long waitNanos) {
        long end = environment.nanos().getAsLong() + waitNanos;
        while (true) {
            OpenSegment full = null;
            boolean prepare;
            Taken taken;
            Segment useless = null;
            lock.lock();
            try {
                if (spare != null && source.betterElsewhere(spare)) {
                    useless = spare;
                    spare = null;
                }
                taken = tryTake(blocks, entryBytes, urgent);
                if (taken == null && spare != null) {
                    full = replaceOpen(spare);
                    spare = null;
                    taken = tryTake(blocks, entryBytes, urgent);
                }
                prepare = wantsSpare(taken == null);
                preparing |= prepare;
                if (taken == null && !prepare) {
                    taken = awaitChange(end - environment.nanos().getAsLong());
                }
            } finally {
                lock.unlock();
            }
            if (useless != null) {
                source.abandon(useless);
            }
            if (full != null && full.readyToSeal()) {
                sealLater(full);
            }
            if (prepare) {
                prepareLater();
            }
            if (taken != null) {
                return taken;
            }
        }
    }

    /**
     * Says that the record was written or given up. Its entries must have been added to the segment before, and nothing is
     * written to the extent by the store afterwards.
     */
    void finish(Extent extent) {
        OpenSegment ready = null;
        lock.lock();
        try {
            OpenSegment segment = unsealed.get(extent.segment());
            if (segment == null) {
                throw new IllegalStateException("an extent of a sealed segment was finished");
            }
            segment.finish();
            if (segment.readyToSeal()) {
                ready = segment;
            }
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        if (ready != null) {
            sealLater(ready);
        }
    }

    /** Makes the first segment ready before anybody asks. */
    void start() {
        lock.lock();
        try {
            preparing = true;
        } finally {
            lock.unlock();
        }
        prepareLater();
    }

    /** Refuses everything from now on. */
    void stop() {
        lock.lock();
        try {
            stopping = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    boolean stopping() {
        lock.lock();
        try {
            return stopping;
        } finally {
            lock.unlock();
        }
    }

    /** Blocks until every extent was finished, every full segment was sealed, and none is being prepared. */
    void awaitFinished() {
        lock.lock();
        try {
            while (preparing || unsealed.values().stream().anyMatch(s -> s != open || s.unfinished() > 0)) {
                changed.awaitUninterruptibly();
            }
        } finally {
            lock.unlock();
        }
    }

    /** Seals the open segment and deletes the spare one. After {@link #stop} and {@link #awaitFinished}. */
    void close() {
        OpenSegment last = open;
        if (last != null && !last.untouched()) {
            source.seal(last);
        } else if (last != null) {
            source.discard(last.segment());
        }
        if (spare != null) {
            source.discard(spare);
        }
    }

    /** Null if there is no room now but may be later. */
    private @Nullable Taken tryTake(int blocks, int entryBytes, boolean urgent) {
        if (stopping) {
            return new Taken.NoRoom(ShedReason.STOPPING, "the store is closing");
        }
        if (open == null || source.betterElsewhere(open.segment())) {
            return null;
        }
        if (!urgent && source.pausing(open.segment())) {
            return new Taken.NoRoom(ShedReason.NO_SPACE, "the file system is full; it is tried again soon");
        }
        int block = open.take(blocks, entryBytes, urgent);
        return block == 0 ? null : new Taken.Room(new Extent(open.segment(), block, blocks));
    }

    /** Returns the segment that was open. */
    private @Nullable OpenSegment replaceOpen(Segment next) {
        OpenSegment full = open;
        if (full != null) {
            full.retire();
        }
        open = new OpenSegment(next);
        unsealed.put(next, open);
        return full;
    }

    private boolean wantsSpare(boolean atOnce) {
        return !preparing && !stopping && spare == null && !pausing() && (atOnce || open == null || open.pastHalf());
    }

    private boolean pausing() {
        if (failed == null) {
            return false;
        }
        return environment.nanos().getAsLong() - failedNanos < failed.pauseNanos();
    }

    /** Waits for a segment; null to look again. */
    @SuppressWarnings("WaitNotInLoop") // the loop is in take
    private @Nullable Taken awaitChange(long leftNanos) {
        boolean hopeless = failed != null && !failed.busy() && !preparing;
        if (hopeless || leftNanos <= 0) {
            return failed != null && !preparing
                    ? new Taken.NoRoom(failed.reason(), failed.message())
                    : new Taken.NoRoom(ShedReason.NO_SPACE, "no new segment was ready in time");
        }
        try {
            long nanos = preparing ? leftNanos : Math.min(leftNanos, SegmentSource.BUSY_PAUSE_NANOS);
            long _ = changed.awaitNanos(nanos);
            return null;
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            return new Taken.NoRoom(ShedReason.STOPPING, "interrupted while waiting for a new segment");
        }
    }

    private void prepareLater() {
        try {
            environment.background().execute(this::prepare);
        } catch (RejectedExecutionException _) {
            prepared(null, null); // closing
        }
    }

    private void prepare() {
        Segment made = null;
        SegmentSource.Failed failure = null;
        try {
            if (!stopping()) { // nothing is evicted for a segment that nobody will write
                switch (source.make()) {
                    case SegmentSource.Made(Segment segment) -> made = segment;
                    case SegmentSource.Failed refused -> failure = refused;
                }
            }
        } finally {
            prepared(made, failure);
        }
        source.trim();
    }

    /** Tries again to make a segment ready where the last attempt failed. */
    void retry() {
        boolean prepare;
        lock.lock();
        try {
            prepare = failed != null && wantsSpare(false);
            preparing |= prepare;
        } finally {
            lock.unlock();
        }
        if (prepare) {
            prepareLater();
        }
    }

    private void prepared(@Nullable Segment made, SegmentSource.@Nullable Failed failure) {
        lock.lock();
        try {
            preparing = false;
            spare = made == null ? spare : made;
            failed = failure;
            failedNanos = environment.nanos().getAsLong();
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void sealLater(OpenSegment segment) {
        lock.lock();
        try {
            if (!segment.beginSeal()) {
                return; // somebody else saw that it is ready
            }
        } finally {
            lock.unlock();
        }
        environment.background().execute(() -> seal(segment));
    }

    private void seal(OpenSegment segment) {
        try {
            source.seal(segment);
        } finally {
            lock.lock();
            try {
                unsealed.remove(segment.segment());
                changed.signalAll();
            } finally {
                lock.unlock();
            }
        }
    }
}
