package kvstore.store;

import java.nio.file.Path;
import java.util.NavigableMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import kvstore.store.ChunkIndex.Slot;
import org.jspecify.annotations.Nullable;

/** All segment files of this node, oldest first. Thread-safe. */
final class Segments {
    /**
     * A file that takes space but cannot be used: the file system would not read it at start, or not delete it.
     *
     * @param bytes what it takes
     */
    record Stray(Volume volume, int id, Path file, long bytes) {}

    /** More than directories can be apart that take turns. */
    private static final int UNSEEN = 1024;

    private final ConcurrentSkipListMap<Integer, Segment> inUse = new ConcurrentSkipListMap<>();
    private final ConcurrentSkipListMap<Integer, Stray> strays = new ConcurrentSkipListMap<>();
    private final AtomicInteger lastId = new AtomicInteger();
    private final LongAdder awayMisses = new LongAdder();
    private volatile boolean unreadVolumes;
    private final AtomicInteger going = new AtomicInteger();
    private final Usage usage = new Usage();

    /** Identity for a new segment. */
    int nextId() {
        return lastId.incrementAndGet();
    }

    /** No new segment gets this identity or a lower one. */
    void seen(int id) {
        lastId.accumulateAndGet(id, Math::max);
    }

    /** Leaves identities out for segments that could not be seen, because their directory was away at the start. */
    void skipUnseen() {
        lastId.addAndGet(UNSEEN);
    }

    void add(Segment segment) {
        inUse.put(segment.id(), segment);
        segment.owned().forEach(usage::add);
    }

    void remove(Segment segment) {
        if (inUse.remove(segment.id()) != null) {
            segment.owned().forEach((owner, bytes) -> usage.add(owner, -bytes));
        }
    }

    /** What each owner takes in them. */
    Usage usage() {
        return usage;
    }

    /** Null if there is none, if it is being evicted, or if its directory is away. */
    @Nullable
    Segment get(int id) {
        Segment segment = inUse.get(id);
        return segment == null || segment.condemned() || segment.volume().away() ? null : segment;
    }

    /** Counts a miss, if it is one because the directory is away; says whether it is. */
    boolean missed(@Nullable Slot slot) {
        boolean isAway = away(slot) != null;
        if (isAway) {
            awayMisses.increment();
        }
        return isAway;
    }

    /** The segment of a chunk whose directory is away; null if it is not, or if there is none. */
    @Nullable
    Segment away(@Nullable Slot slot) {
        Segment segment = slot == null ? null : inUse.get(slot.segment());
        return segment != null && segment.volume().away() ? segment : null;
    }

    /** How often something was wanted whose directory was away. */
    long awayMisses() {
        return awayMisses.sum();
    }

    /** Whether there may be records that memory does not know: unread ones, and those of a segment that is going. */
    boolean mayHaveUnread() {
        return unreadVolumes || !strays.isEmpty() || going.get() > 0;
    }

    /** A segment's chunks leave memory; until {@link #gone} its file may still be there, also after a kill. */
    void going() {
        going.incrementAndGet();
    }

    /** Its file is deleted, or a stray. */
    void gone() {
        going.decrementAndGet();
    }

    /** Whether a directory is away whose segments may be older than others. */
    boolean anyAway() {
        return unreadVolumes
                || inUse.values().stream().anyMatch(segment -> segment.volume().away());
    }

    /** Whether a whole directory could not be read at start, and was not since. */
    boolean anyUnreadVolume() {
        return unreadVolumes;
    }

    /** A whole directory could not be read at start, or was read since. */
    void unreadVolumes(boolean any) {
        unreadVolumes = any;
    }

    NavigableMap<Integer, Segment> inUse() {
        return inUse;
    }

    NavigableMap<Integer, Stray> strays() {
        return strays;
    }

    /** Whether records may lie in a segment that is older than this one. */
    boolean anyBefore(int id) {
        return unreadVolumes || inUse.lowerKey(id) != null || strays.lowerKey(id) != null;
    }
}
