package kvstore.store;

import java.nio.file.Path;
import java.util.NavigableMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** All segment files of this node, oldest first. Thread-safe. */
final class Segments {
    /**
     * A file that takes space but cannot be used: the file system would not read it at start, or not delete it.
     *
     * @param bytes what it takes
     */
    record Stray(int id, Path file, long bytes) {}

    private final ConcurrentSkipListMap<Integer, Segment> inUse = new ConcurrentSkipListMap<>();
    private final ConcurrentSkipListMap<Integer, Stray> strays = new ConcurrentSkipListMap<>();
    private final AtomicInteger lastId = new AtomicInteger();

    /** Identity for a new segment. */
    int nextId() {
        return lastId.incrementAndGet();
    }

    /** No new segment gets this identity or a lower one. */
    void seen(int id) {
        lastId.accumulateAndGet(id, Math::max);
    }

    void add(Segment segment) {
        inUse.put(segment.id(), segment);
    }

    void remove(Segment segment) {
        inUse.remove(segment.id());
    }

    /** Null if there is none, or if it is being evicted. */
    @Nullable
    Segment get(int id) {
        Segment segment = inUse.get(id);
        return segment == null || segment.condemned() ? null : segment;
    }

    NavigableMap<Integer, Segment> inUse() {
        return inUse;
    }

    NavigableMap<Integer, Stray> strays() {
        return strays;
    }

    /** Whether records may lie in a segment that is older than this one. */
    boolean anyBefore(int id) {
        return inUse.lowerKey(id) != null || strays.lowerKey(id) != null;
    }
}
