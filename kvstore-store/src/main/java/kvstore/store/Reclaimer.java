package kvstore.store;

import java.util.ArrayDeque;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import kvstore.api.FileSystemFacts;
import kvstore.api.IoFailure;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides when segments must go, and how many: for a new one, at the watermarks, when the file system has less free than
 * its floor, and when it refuses to store more. Which ones go is {@link Evictor}'s matter.
 *
 * <p>Each thing that is wanted is measured before, and no more is evicted than what is missing. A disk that refuses is left
 * alone for a while that doubles, and costs one segment each time it is asked again: who fills it may not be this store.
 */
final class Reclaimer {
    private static final Logger LOG = LoggerFactory.getLogger(Reclaimer.class);

    /** For so long, what was deleted counts as free although the file system does not show it yet, as Lustre's. */
    private static final long CREDIT_NANOS = TimeUnit.SECONDS.toNanos(5);

    private final Volume volume;
    private final double highBytes;
    private final double lowBytes;
    private final Space space;
    private final Evictor evictor;
    private final StoreListener listener;
    private final Environment environment;
    private final long segmentBytes;
    private final long floorBytes;

    /** Held while segments are evicted. */
    private final ReentrantLock evicting;

    /** Guarded by {@link #evicting}. */
    private final ArrayDeque<Deleted> deleted = new ArrayDeque<>();

    /** Guards what follows, never held during I/O. */
    private final ReentrantLock lock = new ReentrantLock();

    private final Backoff writes = new Backoff();
    private final Backoff creates = new Backoff();
    private volatile boolean full;
    private volatile boolean shrinking;

    Reclaimer(
            Volume volume,
            CapacityConfig config,
            long floorBytes,
            Evictor evictor,
            StoreListener listener,
            Environment environment) {
        this.volume = volume;
        this.floorBytes = floorBytes;
        this.space = volume.space();
        this.evictor = evictor;
        this.listener = listener;
        this.environment = environment;
        this.evicting = environment.locks().get();
        this.segmentBytes = volume.geometry().reserveBytes();
        double capacity = space.capacityBytes();
        // Where a segment is more than what lies above the watermark, to go there would cost one that nobody needs yet.
        boolean fine = capacity - config.highWatermark() * capacity >= segmentBytes;
        this.highBytes = fine ? config.highWatermark() * capacity : capacity;
        this.lowBytes = fine ? config.lowWatermark() * capacity : capacity;
    }

    /** What was deleted, but for what the file system showed at once. */
    private record Deleted(long nanos, long bytes) {}

    /** Room for a new segment, or why there is none. */
    enum Room {
        /** Taken from the capacity. */
        TAKEN,
        /** All segments are in use: worth another try soon. */
        BUSY,
        /** The file system would have less free than its floor. */
        FLOOR
    }

    /** Takes space for a new segment from the capacity, and evicts what is in its way. */
    Room takeRoom() {
        if (evicting.isHeldByCurrentThread()) {
            return Room.BUSY; // an eviction that writes deletes again wants a segment to write them to
        }
        evicting.lock();
        try {
            while (!space.tryTake(segmentBytes)) {
                if (!evict(EvictionTrigger.CAPACITY)) {
                    return Room.BUSY;
                }
            }
            if (clearFloor(segmentBytes)) {
                return Room.TAKEN;
            }
            space.give(segmentBytes);
            return Room.FLOOR;
        } finally {
            evicting.unlock();
        }
    }

    /** Evicts one segment because the file system refused to create another; false if none can be. */
    boolean makeRoomOnDisk() {
        evicting.lock();
        try {
            return evict(EvictionTrigger.NO_SPACE);
        } finally {
            evicting.unlock();
        }
    }

    /** Evicts what is too much: at the start, once a segment was made, and every second. Returns how many segments. */
    int trim() {
        if (evicting.isHeldByCurrentThread()) {
            return 0;
        }
        evicting.lock();
        try {
            int evicted = 0;
            while (space.exceeded() && evict(EvictionTrigger.CAPACITY)) {
                evicted++;
            }
            if (space.usedBytes() > highBytes) {
                while (space.usedBytes() > lowBytes && evict(EvictionTrigger.WATERMARK)) {
                    evicted++;
                }
            }
            return evicted;
        } finally {
            evicting.unlock();
        }
    }

    /** Looks at the file system: gives space back where others need it. */
    void watchFloor() {
        if (floorBytes == 0 || evicting.isHeldByCurrentThread()) {
            return;
        }
        evicting.lock();
        try {
            boolean _ = clearFloor(0);
        } finally {
            evicting.unlock();
        }
    }

    /** The file system created a segment. */
    void created() {
        settle(creates, null);
    }

    /**
     * The file system had no space for a segment.
     *
     * @return nanoseconds after which it is worth another try
     */
    long createRefused(IoFailure failure) {
        return settle(creates, failure);
    }

    /** A write to a file here ended, well if there is no failure. */
    void wrote(@Nullable IoFailure failure) {
        boolean refused = failure != null && failure.kind() == IoFailure.Kind.NO_SPACE;
        if (!refused && (failure != null || !full)) {
            return;
        }
        boolean first = !pausing();
        long _ = settle(writes, failure);
        if (refused && first) {
            try {
                environment.background().execute(this::makeRoomAfterRefusal);
            } catch (RejectedExecutionException _) {
                // closing
            }
        }
    }

    /** Whether a put is better not tried, because the file system refused the last one a moment ago. */
    boolean pausing() {
        if (!full) {
            return false;
        }
        lock.lock();
        try {
            return writes.pausing(environment.nanos().getAsLong());
        } finally {
            lock.unlock();
        }
    }

    /** Whether a segment fits in without an eviction. */
    boolean hasRoom() {
        return space.usedBytes() + segmentBytes <= highBytes;
    }

    CapacityStats stats() {
        CapacityState state = full ? CapacityState.FULL : shrinking ? CapacityState.SHRINKING : CapacityState.OK;
        return new CapacityStats(space.capacityBytes(), space.usedBytes(), space.reservedBytes(), floorBytes, state);
    }

    private void makeRoomAfterRefusal() {
        if (!evicting.isHeldByCurrentThread()) {
            boolean _ = makeRoomOnDisk();
        }
    }

    /** Notes how something went, and logs when that changes the state. Returns how long to wait before it is tried again. */
    private long settle(Backoff backoff, @Nullable IoFailure failure) {
        long now = environment.nanos().getAsLong();
        boolean wasFull = full;
        long left;
        lock.lock();
        try {
            if (failure != null) {
                backoff.failed(now);
            } else if (!backoff.pausing(now)) {
                backoff.succeeded();
            }
            full = writes.failing() || creates.failing();
            left = backoff.leftNanos(now);
        } finally {
            lock.unlock();
        }
        if (failure != null && !wasFull) {
            LOG.warn(
                    "the file system of {} is full: puts are shed, the oldest segments go, reads go on ({})",
                    volume.path(),
                    failure.getMessage());
        } else if (wasFull && !full) {
            LOG.info("the file system of {} stores again", volume.path());
        }
        return left;
    }

    private boolean evict(EvictionTrigger trigger) {
        long used = space.usedBytes();
        long available = floorBytes == 0 ? 0 : availableBytes();
        if (!evictor.evictOldest(volume)) {
            return false;
        }
        listener.madeRoom(trigger);
        if (floorBytes > 0) {
            long shown = Math.max(0, availableBytes() - available);
            long hidden = Math.max(0, used - space.usedBytes() - shown);
            deleted.add(new Deleted(environment.nanos().getAsLong(), hidden));
        }
        return true;
    }

    private long credit() {
        long since = environment.nanos().getAsLong() - CREDIT_NANOS;
        while (!deleted.isEmpty() && deleted.getFirst().nanos() - since <= 0) {
            deleted.removeFirst();
        }
        return deleted.stream().mapToLong(Deleted::bytes).sum();
    }

    /** Evicts until the file system could lose so many bytes and still have its floor; false if that cannot be. */
    private boolean clearFloor(long wantedBytes) {
        long floor = floorBytes;
        if (floor == 0) {
            return true;
        }
        // What was promised to open segments is as good as gone.
        long free = availableBytes() + credit() - space.reservedBytes();
        changeShrinking(free);
        long missing = floor + wantedBytes - free;
        while (missing > 0) {
            long used = space.usedBytes();
            if (!evict(EvictionTrigger.FLOOR)) {
                return false;
            }
            missing -= used - space.usedBytes();
        }
        return true;
    }

    private void changeShrinking(long freeBytes) {
        long floor = floorBytes;
        if (!shrinking && freeBytes < floor) {
            shrinking = true;
            LOG.warn(
                    "the file system of {} has {} bytes free, less than its floor of {}: the oldest segments go",
                    volume.path(),
                    freeBytes,
                    floor);
        } else if (shrinking && freeBytes >= floor + segmentBytes) {
            shrinking = false;
            LOG.info(
                    "the file system of {} has {} bytes free, more than its floor of {}",
                    volume.path(),
                    freeBytes,
                    floor);
        }
    }

    /** Half of the largest number where the file system does not say: sums of it do not overflow. */
    private long availableBytes() {
        try {
            FileSystemFacts facts = volume.engine().facts(volume.directory().path());
            return facts.totalBytes() > 0 ? Math.min(facts.availableBytes(), Long.MAX_VALUE / 2) : Long.MAX_VALUE / 2;
        } catch (IoFailure e) {
            LOG.debug("no free space to compare with the floor: {}", e.getMessage());
            return Long.MAX_VALUE / 2;
        }
    }
}
