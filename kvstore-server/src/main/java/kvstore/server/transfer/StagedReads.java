package kvstore.server.transfer;

import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import kvstore.api.Blocks;
import kvstore.api.IoFile;
import kvstore.server.memory.Slab;
import kvstore.server.memory.SlabPool;
import kvstore.server.metrics.DaemonMetrics;
import kvstore.server.metrics.Direction;
import org.jspecify.annotations.Nullable;

/**
 * The reads of gets that pass through memory of the daemon. Whoever wants an extent that another get has asked for, and
 * still holds, shares its slab and its read of the disk; everyone verifies the bytes for himself. So the ranks of one model
 * that load the same chunk at the same time cost the disk one read. Thread-safe.
 *
 * <p>What is read into memory of a client is not shared: it is that client's to write to.
 */
public final class StagedReads {
    private final SlabPool slabs;
    private final DaemonMetrics metrics;
    private final long waitNanos;
    private final long timeoutNanos;

    /** Guarded by itself, as are the counts of users. */
    private final Map<Extent, Shared> held = new HashMap<>();

    /** Files are told apart by identity: each segment has one. */
    record Extent(IoFile file, long offset, long bytes) {}

    /**
     * For one disk.
     *
     * @param wait how long a get waits for memory
     * @param timeout how long it waits for the disk
     */
    public StagedReads(SlabPool slabs, DaemonMetrics metrics, Duration wait, Duration timeout) {
        this.slabs = slabs;
        this.metrics = metrics;
        this.waitNanos = wait.toNanos();
        this.timeoutNanos = timeout.toNanos();
    }

    /**
     * Reads an extent, waiting for memory if need be. Not for callers that hold memory: see {@link SlabPool}.
     *
     * @param bytes at most {@link SlabPool#MAX_SLAB_BYTES}; whole blocks are read
     * @return null if there was no memory in time
     */
    public @Nullable StagedRead read(IoFile file, long offset, long bytes) throws InterruptedException {
        Extent extent = new Extent(file, offset, Blocks.roundUp(bytes));
        StagedRead joined = join(extent);
        if (joined != null) {
            return joined;
        }
        long start = System.nanoTime();
        Slab slab = slabs.acquire(SlabPool.Use.READ, bytes, waitNanos);
        metrics.waitedForMemory(Direction.GET, slab != null, System.nanoTime() - start);
        return slab == null ? null : begin(extent, slab);
    }

    /** As {@link #read}, for callers that hold memory: null also if they would have to wait. */
    public @Nullable StagedRead readWithoutWaiting(IoFile file, long offset, long bytes) {
        Extent extent = new Extent(file, offset, Blocks.roundUp(bytes));
        StagedRead joined = join(extent);
        if (joined != null) {
            return joined;
        }
        Slab slab = slabs.tryAcquire(SlabPool.Use.READ, bytes);
        return slab == null ? null : begin(extent, slab);
    }

    private @Nullable StagedRead join(Extent extent) {
        synchronized (held) {
            Shared shared = held.get(extent);
            if (shared == null) {
                return null;
            }
            shared.users++;
            metrics.sharedRead(extent.bytes());
            return new StagedRead(shared);
        }
    }

    /** Takes the slab over. Somebody may have begun the same read while this caller waited for memory. */
    private StagedRead begin(Extent extent, Slab slab) {
        synchronized (held) {
            StagedRead joined = join(extent);
            if (joined != null) {
                slab.close();
                return joined;
            }
            boolean reading = false;
            try {
                Shared shared = new Shared(extent, slab, extent.file().read(extent.offset(), slab.buffer()));
                reading = true;
                held.put(extent, shared);
                shared.start();
                return new StagedRead(shared);
            } finally {
                if (!reading) {
                    slab.close();
                }
            }
        }
    }

    /** One read and the slab it goes to, until the device and the last caller have let go of it. */
    final class Shared {
        private final Extent extent;
        private final Slab slab;
        private final CompletableFuture<Void> arrived;
        private final long beganNanos = System.nanoTime();

        /** 0 until then. */
        private volatile long endedNanos;

        /** The device is one, until the read has ended; the caller that began it is the other. */
        private int users = 2;

        Shared(Extent extent, Slab slab, CompletableFuture<Void> arrived) {
            this.extent = extent;
            this.slab = slab;
            this.arrived = arrived;
        }

        void start() {
            var _ = arrived.whenComplete((_, failure) -> {
                endedNanos = System.nanoTime();
                if (failure != null) {
                    forget(); // the next one tries again
                }
                leave();
            });
        }

        CompletableFuture<Void> arrived() {
            return arrived;
        }

        /** When nobody waits for the device any more, by {@link System#nanoTime}; the same for all who share it. */
        long giveUpNanos() {
            return beganNanos + timeoutNanos;
        }

        long beganNanos() {
            return beganNanos;
        }

        /** When the device was through; now, if it has not said so yet. */
        long endedNanos() {
            long ended = endedNanos;
            return ended == 0 ? System.nanoTime() : ended;
        }

        MemorySegment memory() {
            return slab.buffer().memory();
        }

        void leave() {
            synchronized (held) {
                users--;
                if (users > 0) {
                    return;
                }
                forget();
            }
            slab.close();
        }

        private void forget() {
            synchronized (held) {
                held.remove(extent, this);
            }
        }
    }
}
