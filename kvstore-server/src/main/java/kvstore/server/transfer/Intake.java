package kvstore.server.transfer;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import kvstore.api.BlockChecksums;
import org.jspecify.annotations.Nullable;

/**
 * Where bytes from a socket meet the thread that serves them.
 *
 * <p>The serving thread publishes a place in a slab; the event loop copies into it as bytes arrive, and the thread wakes
 * when the place is full. Bytes that arrive before there is a place for them wait with the door, which then stops to read:
 * that slows down a client that sends faster than the disk writes.
 *
 * <p>What is protected is called with the lock held, unless it says otherwise.
 */
public abstract class Intake implements PayloadSource {
    private final long stallNanos;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition progress = lock.newCondition();

    private @Nullable MemorySegment place;
    private BlockChecksums.@Nullable Accumulator checksums;
    private long placeFilled;
    private long progressNanos = System.nanoTime();

    private boolean gone;
    private @Nullable IOException failure;

    /** @param stallNanos how long the peer may make no progress while it is waited for */
    protected Intake(long stallNanos) {
        this.stallNanos = stallNanos;
    }

    /** Copies the next bytes of the payload. */
    @FunctionalInterface
    protected interface Copy {
        /** Fills {@code target}. */
        void to(MemorySegment target) throws IOException;
    }

    /** Moves what has arrived to where it belongs; without effect if there is nothing, or no place for it. */
    protected abstract void moveArrived() throws IOException;

    /** Whether bytes of the chunk wait for a place. */
    protected abstract boolean hasBytes() throws IOException;

    /** Whether no more bytes of the chunk can come. */
    protected abstract boolean hasEnded();

    @Override
    public final boolean awaitData() throws IOException, InterruptedException {
        lock.lock();
        try {
            while (true) {
                requireUsable();
                moveArrived();
                if (hasBytes()) {
                    return true;
                }
                if (hasEnded()) {
                    return false;
                }
                awaitProgress("the client sent nothing");
            }
        } finally {
            lock.unlock();
        }
    }

    @Override
    public final boolean readFully(MemorySegment target, BlockChecksums.Accumulator sums)
            throws IOException, InterruptedException {
        lock.lock();
        try {
            place = target;
            checksums = sums;
            placeFilled = 0;
            // Full comes first: what the client does wrong behind these bytes is nothing to them.
            while (roomBytes() > 0) {
                requireUsable();
                moveArrived();
                if (roomBytes() == 0) {
                    return true;
                }
                if (hasEnded()) {
                    return false;
                }
                awaitProgress("the client sent nothing");
            }
            return true;
        } finally {
            place = null;
            checksums = null;
            lock.unlock();
        }
    }

    /** The peer ends the transfer: whoever waits for it is told. Takes the lock itself. */
    public final void gone() {
        locked(() -> {
            gone = true;
            progress.signalAll();
        });
    }

    /** Something else happened that a waiter has to look at. Takes the lock itself. */
    protected final void changed(Runnable change) {
        locked(() -> {
            change.run();
            progress.signalAll();
        });
    }

    /** Runs {@code work} with the lock. */
    protected final void locked(Runnable work) {
        lock.lock();
        try {
            work.run();
        } finally {
            lock.unlock();
        }
    }

    /** Takes the lock, for a method that cannot be a {@link Runnable}. */
    protected final ReentrantLock lock() {
        return lock;
    }

    /** What the peer did makes the transfer impossible. */
    protected final void fail(IOException why) {
        failure = why;
        progress.signalAll();
    }

    /** Whether nobody wants bytes any more. */
    protected final boolean isOver() {
        return gone || failure != null;
    }

    /**
     * Ends the caller if the transfer cannot go on.
     *
     * @throws IOException if so
     */
    protected final void requireUsable() throws IOException {
        if (failure != null) {
            throw failure;
        }
        if (gone) {
            throw new PeerGoneException();
        }
    }

    /** What the place still takes, in bytes; 0 without one. */
    protected final long roomBytes() {
        return place == null ? 0 : place.byteSize() - placeFilled;
    }

    /** Puts the next {@code bytes} into the place, of which it has room for as many; wakes its owner when it is full. */
    protected final void fill(long bytes, Copy copy) throws IOException {
        if (place == null || checksums == null) {
            throw new IllegalStateException("there is no place");
        }
        MemorySegment target = place.asSlice(placeFilled, bytes);
        copy.to(target);
        checksums.update(target);
        placeFilled += bytes;
        advanced();
        if (roomBytes() == 0) {
            progress.signalAll();
        }
    }

    /** The peer lives: it has until {@code stallNanos} from now for the next step. */
    protected final void advanced() {
        progressNanos = System.nanoTime();
    }

    /**
     * Waits until something changed.
     *
     * @param otherwise what the peer failed to do, for people
     * @throws PeerStalledException if nothing did for too long
     */
    protected final void awaitProgress(String otherwise) throws PeerStalledException, InterruptedException {
        long begin = System.nanoTime();
        while (true) {
            long since = progressNanos - begin > 0 ? progressNanos : begin;
            long left = since + stallNanos - System.nanoTime();
            if (left <= 0) {
                throw new PeerStalledException(otherwise + " for " + stallNanos / 1_000_000 + " ms");
            }
            @SuppressWarnings("WaitNotInLoop") // every caller looks again at what it waits for
            boolean signalled = progress.await(left, TimeUnit.NANOSECONDS);
            if (signalled) {
                return;
            }
        }
    }
}
