package kvstore.store;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import kvstore.api.IoFailure;
import kvstore.store.ChunkIndex.Slot;
import kvstore.store.Departure.Cause;
import kvstore.store.Segments.Stray;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Frees space by forgetting whole segments, the oldest first that nobody holds. One call at a time.
 *
 * <p>When an older segment must stay because it is held, what the evicted one hides there (deletes, replaced values) is
 * written again first, or a restart would bring it back.
 */
final class Evictor {
    private static final Logger LOG = LoggerFactory.getLogger(Evictor.class);

    private final ChunkIndex index;
    private final Segments segments;
    private final Space space;
    private final LeaseTable leases;
    private final NodeDirectory directory;
    private final BlockBuffers buffers;
    private final StoreListener listener;
    private final Environment environment;
    private volatile Predicate<List<Hide>> rewriter = _ -> true;

    Evictor(
            ChunkIndex index,
            Segments segments,
            Space space,
            LeaseTable leases,
            NodeDirectory directory,
            BlockBuffers buffers,
            StoreListener listener,
            Environment environment) {
        this.index = index;
        this.segments = segments;
        this.space = space;
        this.leases = leases;
        this.directory = directory;
        this.buffers = buffers;
        this.listener = listener;
        this.environment = environment;
    }

    /** Who writes hides again, and says whether that worked. Before this is called they are dropped. */
    void rewriteWith(Predicate<List<Hide>> writer) {
        rewriter = writer;
    }

    /** Evicts one segment; false if none can be. */
    boolean evictOldest() {
        leases.expire();
        for (Stray stray : segments.strays().values()) {
            Integer oldest =
                    segments.inUse().isEmpty() ? null : segments.inUse().firstKey();
            if ((oldest == null || stray.id() < oldest) && deleteStray(stray)) {
                return true;
            }
        }
        for (Segment segment : segments.inUse().values()) {
            if (segment.condemn()) {
                if (!carryOver(segment)) {
                    segment.reprieve();
                } else if (evict(segment)) {
                    return true;
                }
            }
        }
        // Newer ones that cannot be read are worth less than refusing a put.
        return segments.strays().values().stream().anyMatch(this::deleteStray);
    }

    /** Closes and deletes a segment's file, and gives its space back. If it cannot be deleted it goes on to count. */
    boolean delete(Segment segment) {
        segments.remove(segment);
        segment.file().close();
        return deleteStray(new Stray(segment.id(), segment.file().file(), segment.chargedBytes()));
    }

    private boolean evict(Segment segment) {
        long[] sums = removeFromIndex(segment);
        long ageMillis = Math.max(0, environment.millis() - segment.header().createdMillis());
        boolean deleted = delete(segment);
        LOG.debug("evicted segment {}: {} chunks, {} bytes, {} ms old", segment.id(), sums[0], sums[1], ageMillis);
        listener.evicted(segment.id(), sums[0], sums[1], ageMillis);
        return deleted;
    }

    private boolean deleteStray(Stray stray) {
        IoFailure failure = directory.delete(stray.file());
        if (failure == null) {
            segments.strays().remove(stray.id());
            space.give(stray.bytes());
            return true;
        }
        LOG.warn("cannot delete {}, its {} bytes stay in use: {}", stray.file(), stray.bytes(), failure.getMessage());
        listener.ioFailed("delete", failure);
        segments.strays().put(stray.id(), stray);
        return false;
    }

    private long[] removeFromIndex(Segment segment) {
        long[] sums = new long[2];
        long millis = environment.millis();
        boolean complete = IndexArea.show(
                segment,
                buffers,
                item -> {
                    Slot slot = index.remove(item.digest().high(), item.digest().low(), segment.id(), item.block());
                    if (slot != null) {
                        sums[0]++;
                        sums[1] += slot.length();
                        index.ghosts()
                                .add(item.digest(), new Departure(Cause.EVICTED, millis, segment.id(), slot.length()));
                    }
                },
                listener);
        if (!complete) {
            long[] rest = index.removeAll(segment.id());
            sums[0] += rest[0];
            sums[1] += rest[1];
        }
        return sums;
    }

    /** False if the segment must stay for now. */
    private boolean carryOver(Segment segment) {
        if (!segments.anyBefore(segment.id())) {
            return true;
        }
        List<Hide> hides = new ArrayList<>();
        boolean complete = IndexArea.show(
                segment,
                buffers,
                item -> {
                    if (!item.isChunk() || item.hides()) {
                        hides.add(new Hide(item.digest(), item.sequence()));
                    }
                },
                listener);
        return complete && (hides.isEmpty() || rewriter.test(hides));
    }
}
