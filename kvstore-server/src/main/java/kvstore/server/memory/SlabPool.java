package kvstore.server.memory;

import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import kvstore.api.Blocks;
import kvstore.api.HostBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The memory that all payload in flight lives in. Its size is fixed at start; when it is used up, callers wait in line.
 *
 * <p>Reads come first: no write is served while a read waits, and writes may never hold more than their share, so that a
 * flood of puts cannot take the memory that gets need. Whoever already holds a slab must not wait for another one (use
 * {@link #tryAcquire}), or two holders could wait for each other; a put may, because what it holds is on its way to disk
 * and comes back by itself.
 */
public final class SlabPool {
    /** The largest slab, in bytes. Larger values travel in pieces. */
    public static final long MAX_SLAB_BYTES = BuddyAllocator.MAX_BYTES;

    /** What a slab is for. */
    public enum Use {
        READ,
        WRITE
    }

    private final MemorySegment region;
    private final ReentrantLock lock = new ReentrantLock();
    private final BuddyAllocator allocator;
    private final Line reads;
    private final Line writes;

    /**
     * @param region native memory, aligned to blocks, a positive multiple of {@link #MAX_SLAB_BYTES}
     * @param writeLimitBytes the most that writes may hold together; at least {@link #MAX_SLAB_BYTES}
     */
    public SlabPool(MemorySegment region, long writeLimitBytes) {
        if (writeLimitBytes < MAX_SLAB_BYTES) {
            throw new IllegalArgumentException("writes need at least " + MAX_SLAB_BYTES + " bytes");
        }
        this.region = new HostBuffer(region).memory();
        this.allocator = new BuddyAllocator(region.byteSize());
        this.reads = new Line(region.byteSize());
        this.writes = new Line(writeLimitBytes);
    }

    /** A slab of at least {@code bytes} (at most {@link #MAX_SLAB_BYTES}) if there is one for nobody else, or null. */
    public @Nullable Slab tryAcquire(Use use, long bytes) {
        lock.lock();
        try {
            return someoneIsAhead(use) ? null : take(use, bytes);
        } finally {
            lock.unlock();
        }
    }

    /**
     * A slab of at least {@code bytes} (at most {@link #MAX_SLAB_BYTES}), in the order of asking.
     *
     * @param waitNanos how long to wait for it
     * @return null if none came in time
     */
    public @Nullable Slab acquire(Use use, long bytes, long waitNanos) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            Slab slab = someoneIsAhead(use) ? null : take(use, bytes);
            return slab != null ? slab : waitInLine(new Waiter(use, bytes, lock.newCondition()), waitNanos);
        } finally {
            lock.unlock();
        }
    }

    private @Nullable Slab waitInLine(Waiter waiter, long waitNanos) throws InterruptedException {
        Line line = line(waiter.use);
        line.waiters.addLast(waiter);
        try {
            long left = waitNanos;
            while (waiter.granted == null && left > 0) {
                left = waiter.turn.awaitNanos(left);
            }
            return waiter.granted;
        } catch (InterruptedException e) {
            if (waiter.granted != null) {
                give(
                        waiter.use,
                        waiter.granted.offset(),
                        waiter.granted.buffer().sizeBytes());
            }
            throw e;
        } finally {
            if (waiter.granted == null) {
                line.waiters.remove(waiter);
            }
            serveWaiters();
        }
    }

    void release(Use use, long offset, long bytes) {
        lock.lock();
        try {
            give(use, offset, bytes);
            serveWaiters();
        } finally {
            lock.unlock();
        }
    }

    private boolean someoneIsAhead(Use use) {
        return !reads.waiters.isEmpty() || (use == Use.WRITE && !writes.waiters.isEmpty());
    }

    /** Reads first, then writes; whoever cannot be served keeps those behind waiting, or large wishes would starve. */
    private void serveWaiters() {
        if (serve(reads)) {
            serve(writes);
        }
    }

    /** Whether nobody is left in the line. */
    private boolean serve(Line line) {
        for (Waiter first = line.waiters.peek(); first != null; first = line.waiters.peek()) {
            Slab slab = take(first.use, first.bytes);
            if (slab == null) {
                return false;
            }
            line.waiters.remove();
            first.granted = slab;
            first.turn.signal();
        }
        return true;
    }

    private @Nullable Slab take(Use use, long bytes) {
        Line line = line(use);
        long size = BuddyAllocator.sizeFor(bytes);
        if (line.usedBytes + size > line.limitBytes) {
            return null;
        }
        long offset = allocator.allocate(bytes);
        if (offset == BuddyAllocator.NONE) {
            return null;
        }
        line.usedBytes += size;
        return new Slab(this, use, new HostBuffer(region.asSlice(offset, Blocks.roundUp(bytes))), offset);
    }

    private void give(Use use, long offset, long bytes) {
        allocator.free(offset, bytes);
        line(use).usedBytes -= BuddyAllocator.sizeFor(bytes);
    }

    private Line line(Use use) {
        return switch (use) {
            case READ -> reads;
            case WRITE -> writes;
        };
    }

    /** Size of the pool, in bytes. */
    public long totalBytes() {
        return region.byteSize();
    }

    /** What is lent out for one use now, in bytes. */
    public long usedBytes(Use use) {
        lock.lock();
        try {
            return line(use).usedBytes;
        } finally {
            lock.unlock();
        }
    }

    /** What is lent out now, in bytes. */
    public long usedBytes() {
        return usedBytes(Use.READ) + usedBytes(Use.WRITE);
    }

    /** How many callers wait in line. */
    public int waiterCount() {
        lock.lock();
        try {
            return reads.waiters.size() + writes.waiters.size();
        } finally {
            lock.unlock();
        }
    }

    /** Who holds and who wants memory for one use. */
    private static final class Line {
        final long limitBytes;
        final Deque<Waiter> waiters = new ArrayDeque<>();
        long usedBytes;

        Line(long limitBytes) {
            this.limitBytes = limitBytes;
        }
    }

    private static final class Waiter {
        final Use use;
        final long bytes;
        final Condition turn;

        @Nullable
        Slab granted;

        Waiter(Use use, long bytes, Condition turn) {
            this.use = use;
            this.bytes = bytes;
            this.turn = turn;
        }
    }
}
