package kvstore.store;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import kvstore.api.Blocks;
import kvstore.api.IoEngine;
import kvstore.api.IoFailure;
import kvstore.api.IoFile;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One of the directories that a node keeps its segments in: with its own space, and its own health. What the node knows as a
 * whole (the index, the log's end, the order of segments) is not here.
 *
 * <p>A directory that fails an operation is looked at. If it does not answer it is set aside: nothing in it is found, nothing
 * is written to it, and nothing of it is forgotten, until it answers again.
 */
final class Volume implements WatchedEngine.Watcher {
    private static final Logger LOG = LoggerFactory.getLogger(Volume.class);

    /** Hears of a directory that was away and answers again. */
    interface Returning {
        /** The directory answers again: makes its segments usable. */
        void opened(Volume volume) throws IOException;
    }

    private final Path path;
    private final NodeDirectory directory;
    private final Geometry geometry;
    private final Space space;
    private final IoEngine engine;
    private final Environment environment;
    private final AtomicInteger unsealed = new AtomicInteger();
    private final AtomicBoolean looking = new AtomicBoolean();

    /** Guards the backoffs. */
    private final ReentrantLock lock = new ReentrantLock();

    private final Backoff creates = new Backoff();
    private final Backoff looks = new Backoff();
    private volatile @Nullable Reclaimer reclaimer;
    private volatile @Nullable Returning returning;
    private volatile @Nullable Segment newest;

    /** Why it is set aside; null while it is in use. */
    private volatile @Nullable String away;

    /** @param path the pool's directory, as configured */
    Volume(Path path, NodeDirectory directory, Geometry geometry, IoEngine engine, Environment environment) {
        this.path = path;
        this.directory = directory;
        this.geometry = geometry;
        this.space = new Space(geometry.capacityBytes());
        this.engine = new WatchedEngine(engine, this);
        this.environment = environment;
    }

    /** Who evicts here. Before anything else. */
    void evictWith(Reclaimer evicts) {
        reclaimer = evicts;
    }

    /** From now on the directory is set aside when it does not answer, and {@code whenBack} makes its segments usable again. */
    void watch(Returning whenBack) {
        returning = whenBack;
    }

    Path path() {
        return path;
    }

    NodeDirectory directory() {
        return directory;
    }

    Geometry geometry() {
        return geometry;
    }

    Space space() {
        return space;
    }

    /** Tells this volume how every operation went. */
    IoEngine engine() {
        return engine;
    }

    Reclaimer reclaimer() {
        Reclaimer bound = reclaimer;
        if (bound == null) {
            throw new IllegalStateException("the store is not open yet");
        }
        return bound;
    }

    boolean away() {
        return away != null;
    }

    /** Why it is set aside; empty while it is in use. */
    String awayReason() {
        String reason = away;
        return reason == null ? "" : reason;
    }

    /** Whether a segment may be created here now. */
    boolean takesSegments() {
        if (away != null) {
            return false;
        }
        lock.lock();
        try {
            return !creates.pausing(environment.nanos().getAsLong());
        } finally {
            lock.unlock();
        }
    }

    /** Whether what is written to an open segment here may well be stored. */
    boolean takesWrites() {
        return away == null && !reclaimer().pausing();
    }

    /** Segments here that are being written. */
    int unsealed() {
        return unsealed.get();
    }

    void created(Segment segment) {
        unsealed.incrementAndGet();
        newest = segment;
        lock.lock();
        try {
            creates.succeeded();
        } finally {
            lock.unlock();
        }
    }

    void sealed() {
        unsealed.decrementAndGet();
    }

    /** A segment was found here at start. */
    void found(Segment segment) {
        Segment before = newest;
        if (before == null || before.id() < segment.id()) {
            newest = segment;
        }
    }

    /** A segment could not be created here, for another reason than space. */
    void createFailed(IoFailure failure) {
        lock.lock();
        try {
            creates.failed(environment.nanos().getAsLong());
        } finally {
            lock.unlock();
        }
        suspect(failure);
    }

    @Override
    public void wrote(@Nullable IoFailure failure) {
        reclaimer().wrote(failure);
        if (failure != null) {
            suspect(failure);
        }
    }

    @Override
    public void readFailed(IoFailure failure) {
        suspect(failure);
    }

    /** Every second: whether the directory is still there, or again. */
    void tick() {
        if (returning == null) {
            return;
        }
        if (away == null) {
            if (!directory.present()) {
                look();
            }
            return;
        }
        if (!pausesLooking()) {
            look();
        }
    }

    private boolean pausesLooking() {
        lock.lock();
        try {
            return looks.pausing(environment.nanos().getAsLong());
        } finally {
            lock.unlock();
        }
    }

    private void suspect(IoFailure failure) {
        boolean telling = switch (failure.kind()) {
            case IO, TRANSIENT, NOT_FOUND, DENIED -> true;
            case NO_SPACE, EXISTS, UNAVAILABLE, SHORT, CLOSED, MEMORY_GONE, OTHER -> false;
        };
        if (telling && away == null && returning != null) {
            look();
        }
    }

    /** Looks at the directory in the background, once at a time: it may hang. */
    private void look() {
        if (!looking.compareAndSet(false, true)) {
            return;
        }
        try {
            environment.background().execute(() -> {
                try {
                    judge();
                } finally {
                    looking.set(false);
                }
            });
        } catch (RejectedExecutionException _) {
            looking.set(false); // closing
        }
    }

    private void judge() {
        String problem = problem();
        boolean wasAway = away != null;
        if (problem == null && wasAway) {
            try {
                Returning whenBack = returning;
                if (whenBack != null) {
                    whenBack.opened(this);
                }
            } catch (IOException e) {
                problem = String.valueOf(e.getMessage());
            }
        }
        lock.lock();
        try {
            if (problem == null) {
                looks.succeeded();
                creates.succeeded();
            } else {
                looks.failed(environment.nanos().getAsLong());
            }
        } finally {
            lock.unlock();
        }
        away = problem;
        if (problem != null && !wasAway) {
            LOG.warn("{} is set aside with its chunks: {}. The others go on", path, problem);
        } else if (problem == null && wasAway) {
            LOG.info("{} answers again, its chunks are back", path);
        }
    }

    /** Null if the directory is the right one and answers. */
    private @Nullable String problem() {
        try {
            directory.prove();
            Segment read = newest;
            if (read != null && !read.condemned()) {
                proveReads(read);
            }
            return null;
        } catch (IOException e) {
            return String.valueOf(e.getMessage());
        }
    }

    /** The marker may come from memory; what comes from a segment comes from the disk. */
    private void proveReads(Segment segment) throws IoFailure {
        BlockBuffers buffers = new BlockBuffers(1, Blocks.BLOCK_BYTES);
        try (BlockBuffers.Lent lent = buffers.take();
                IoFile file = engine.open(segment.file().file())) {
            Io.await(file.read(0, lent.buffer()));
        } catch (IoFailure e) {
            if (e.kind() != IoFailure.Kind.NOT_FOUND) {
                throw e; // evicted meanwhile, or lost: the marker was there
            }
        }
    }
}
