package kvstore.store;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Predicate;
import kvstore.api.IoFailure;
import kvstore.store.ChunkIndex.Slot;
import kvstore.store.ChunkIndex.Use;
import kvstore.store.Departure.Cause;
import kvstore.store.Segments.Stray;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Frees space by forgetting whole segments, the oldest first that nobody holds, as the {@link EvictionPolicy} wants it. One
 * call at a time.
 *
 * <p>When an older segment must stay because it is held, what the evicted one hides there (deletes, replaced values) is
 * written again first, or a restart would bring it back.
 */
final class Evictor {
    private static final Logger LOG = LoggerFactory.getLogger(Evictor.class);

    private final ChunkIndex index;
    private final Segments segments;
    private final LeaseTable leases;
    private final BlockBuffers buffers;
    private final StoreListener listener;
    private final Environment environment;
    private final EvictionPolicy policy;
    private volatile Predicate<List<Hide>> rewriter = _ -> true;
    private volatile Consumer<Hide> keeper = _ -> {};
    private volatile @Nullable Reinserter reinserter;

    Evictor(
            ChunkIndex index,
            Segments segments,
            LeaseTable leases,
            BlockBuffers buffers,
            EvictionPolicy policy,
            StoreListener listener,
            Environment environment) {
        this.index = index;
        this.segments = segments;
        this.leases = leases;
        this.buffers = buffers;
        this.policy = policy;
        this.listener = listener;
        this.environment = environment;
    }

    /**
     * Who writes hides again, and says whether that worked; and who keeps one until it can be written. Before this is called
     * they are dropped.
     */
    void rewriteWith(Predicate<List<Hide>> writer, Consumer<Hide> memory) {
        rewriter = writer;
        keeper = memory;
    }

    /** Who moves what is worth it. Before this is called nothing is moved. */
    void rescueWith(Reinserter mover) {
        reinserter = mover;
    }

    /** Evicts every segment in which nothing was wanted for too long. May run beside {@link #evictOldest}. */
    void evictExpired() {
        leases.expire();
        int limit = policy.expiredBefore(environment.seconds());
        if (limit == 0 || segments.inUse().isEmpty()) {
            return;
        }
        List<Segment> all = List.copyOf(segments.inUse().values());
        LastUses uses = new LastUses(all.getFirst().id(), all.getLast().id());
        index.showUses(uses);
        for (Segment segment : all) {
            int lastUse = uses.of(segment.id());
            // Without a visible chunk there may still be hides in it, which others need: the oldest go anyway.
            if (lastUse != 0 && lastUse < limit && segment.condemn()) {
                if (carryOver(segment)) {
                    boolean _ = evict(segment, true);
                } else {
                    segment.reprieve();
                }
            }
        }
    }

    /**
     * Evicts the oldest segments as long as they hold no visible chunk and nobody holds them. May run beside
     * {@link #evictOldest}. Returns how many.
     */
    int evictEmpty() {
        leases.expire();
        // Before they are counted: what nobody holds is not written any more, so one that is empty then stays so.
        List<Segment> all = segments.inUse().values().stream()
                .takeWhile(segment -> !segment.held())
                .toList();
        if (all.isEmpty()) {
            return 0;
        }
        SegmentTally tally = new SegmentTally(all.getFirst().id(), all.getLast().id());
        index.show(tally);
        int evicted = 0;
        for (Segment segment : all) {
            if (!tally.isEmpty(segment.id()) || !segment.condemn()) {
                return evicted;
            }
            if (!carryOver(segment)) {
                segment.reprieve();
                return evicted;
            }
            evicted += evict(segment, true) ? 1 : 0;
        }
        return evicted;
    }

    /** Evicts one segment of this directory; false if none can be. */
    boolean evictOldest(Volume volume) {
        leases.expire();
        List<Stray> strays = segments.strays().values().stream()
                .filter(stray -> stray.volume() == volume)
                .toList();
        List<Segment> inUse = segments.inUse().values().stream()
                .filter(segment -> segment.volume() == volume)
                .toList();
        for (Stray stray : strays) {
            if ((inUse.isEmpty() || stray.id() < inUse.getFirst().id()) && deleteStray(stray)) {
                return true;
            }
        }
        for (Segment segment : inUse) {
            rescue(segment);
            if (segment.condemn()) {
                if (!carryOver(segment)) {
                    segment.reprieve();
                } else if (evict(segment, false)) {
                    return true;
                }
            }
        }
        // Newer ones that cannot be read are worth less than refusing a put.
        return strays.stream().anyMatch(this::deleteStray) || (segments.anyAway() && evictKeepingHides(inUse));
    }

    /**
     * The segments of a directory that is away stay, however old they are, so what newer ones hide in them would have to be
     * written again for ever. Where there is no room for that, it is kept in memory until there is.
     */
    private boolean evictKeepingHides(List<Segment> inUse) {
        for (Segment segment : inUse) {
            if (segment.condemn()) {
                List<Hide> hides = new ArrayList<>();
                if (!collectHides(segment, hides)) {
                    segment.reprieve();
                } else {
                    hides.forEach(keeper);
                    if (evict(segment, false)) {
                        return true;
                    }
                }
            }
        }
        return false;
    }

    /** Closes and deletes a segment's file, and gives its space back. If it cannot be deleted it goes on to count. */
    boolean delete(Segment segment) {
        segments.remove(segment);
        segment.file().close();
        return deleteStray(
                new Stray(segment.volume(), segment.id(), segment.file().file(), segment.chargedBytes()));
    }

    private void rescue(Segment segment) {
        Reinserter mover = reinserter;
        if (mover != null && !segment.held()) {
            mover.rescue(segment);
        }
    }

    private boolean evict(Segment segment, boolean expired) {
        long[] sums;
        boolean deleted;
        segments.going();
        try {
            sums = removeFromIndex(segment);
            deleted = delete(segment);
        } finally {
            segments.gone();
        }
        long ageMillis = Math.max(0, environment.millis() - segment.header().createdMillis());
        LOG.debug("evicted segment {}: {} chunks, {} bytes, {} ms old", segment.id(), sums[0], sums[1], ageMillis);
        Reinserter mover = reinserter;
        if (expired) {
            listener.expired(segment.id(), sums[0], sums[1], ageMillis);
        } else {
            listener.evicted(segment.id(), sums[0], sums[1], ageMillis);
            if (mover != null) {
                mover.evicted(segment);
            }
        }
        return deleted;
    }

    private boolean deleteStray(Stray stray) {
        IoFailure failure = stray.volume().directory().delete(stray.file());
        if (failure == null) {
            segments.strays().remove(stray.id());
            stray.volume().space().give(stray.bytes());
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
        int limit = policy.expiredBefore(environment.seconds());
        boolean complete = IndexArea.show(
                segment,
                buffers,
                item -> {
                    Use use = index.use(item.digest(), segment.id(), item.block());
                    Slot slot = index.remove(item.digest().high(), item.digest().low(), segment.id(), item.block());
                    if (slot != null) {
                        sums[0]++;
                        sums[1] += slot.length();
                        Cause cause = use != null && use.seconds() < limit ? Cause.EXPIRED : Cause.EVICTED;
                        index.ghosts().add(item.digest(), new Departure(cause, millis, segment.id(), slot.length()));
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
        return collectHides(segment, hides) && (hides.isEmpty() || rewriter.test(hides));
    }

    private boolean collectHides(Segment segment, List<Hide> hides) {
        return IndexArea.show(
                segment,
                buffers,
                item -> {
                    if (!item.isChunk() || item.hides()) {
                        hides.add(new Hide(item.digest(), item.sequence()));
                    }
                },
                listener);
    }
}
