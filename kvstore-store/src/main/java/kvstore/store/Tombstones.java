package kvstore.store;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import kvstore.api.IoFailure;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes down what was forgotten, so that a restart does not bring it back. What could not be written is kept and goes
 * with the next write.
 */
final class Tombstones {
    /** More than this many unwritten ones are dropped: a restart may then find what was deleted. */
    static final int PENDING_MAX = 100_000;

    private static final Logger LOG = LoggerFactory.getLogger(Tombstones.class);
    private static final long WAIT_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final SegmentLog log;
    private final InFlight inFlight;
    private final BlockBuffers buffers;
    private final StoreListener listener;
    private final Environment environment;
    private final ReentrantLock lock = new ReentrantLock();
    private final ArrayDeque<Hide> pending = new ArrayDeque<>();

    Tombstones(
            SegmentLog log, InFlight inFlight, BlockBuffers buffers, StoreListener listener, Environment environment) {
        this.log = log;
        this.inFlight = inFlight;
        this.buffers = buffers;
        this.listener = listener;
        this.environment = environment;
    }

    /** Writes these and what is pending. Blocks. What fails is pending again. */
    void write(Collection<Hide> hides) {
        List<Hide> all = new ArrayList<>(hides);
        lock.lock();
        try {
            all.addAll(pending);
            pending.clear();
        } finally {
            lock.unlock();
        }
        for (int from = 0; from < all.size(); from += RecordHeader.HIDES_MAX) {
            List<Hide> part = all.subList(from, Math.min(all.size(), from + RecordHeader.HIDES_MAX));
            if (!writeOne(part, WAIT_NANOS)) {
                part.forEach(this::later);
            }
        }
    }

    /** Writes these without waiting for a segment; false if any could not be written. Does not keep them. */
    boolean writeNow(List<Hide> hides) {
        for (int from = 0; from < hides.size(); from += RecordHeader.HIDES_MAX) {
            if (!writeOne(hides.subList(from, Math.min(hides.size(), from + RecordHeader.HIDES_MAX)), 0)) {
                return false;
            }
        }
        return true;
    }

    /** Keeps one for the next write. */
    void later(Hide hide) {
        boolean dropped;
        lock.lock();
        try {
            dropped = pending.size() >= PENDING_MAX;
            if (!dropped) {
                pending.add(hide);
            }
        } finally {
            lock.unlock();
        }
        if (dropped) {
            LOG.warn("a delete could not be written down and may be undone by a restart");
        }
    }

    /** Writes what is pending. */
    void flush() {
        write(List.of());
    }

    private boolean writeOne(List<Hide> hides, long waitNanos) {
        SegmentLog.Taken taken = log.take(1, hides.size() * IndexEntry.FIXED_BYTES, true, waitNanos);
        if (!(taken instanceof SegmentLog.Taken.Room(Extent extent))) {
            return false;
        }
        try (BlockBuffers.Lent lent = buffers.take()) {
            RecordHeader.Stamp stamp = new RecordHeader.Stamp(
                    extent.segment().header().nonce(), extent.block(), inFlight.nextSequence(), environment.millis());
            ByteBuffer block = lent.buffer().memory().asByteBuffer();
            new RecordHeader.Tombstone(stamp, hides).encode(block);
            Io.await(extent.segment().file().write(extent.offset(), lent.buffer()));
            hides.forEach(hide -> extent.segment().add(IndexEntry.of(hide, extent.block())));
            return true;
        } catch (IoFailure e) {
            LOG.warn("a tombstone could not be written, it is tried again later: {}", e.getMessage());
            listener.ioFailed("tombstone", e);
            return false;
        } finally {
            log.finish(extent);
        }
    }
}
