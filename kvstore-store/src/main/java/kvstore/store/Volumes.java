package kvstore.store;

import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * The directories that a node keeps its segments in, and which of them takes the next one. Thread-safe.
 *
 * <p>There is one log, so that what is newer is known by the number of its segment: one segment is written at a time, and its
 * successor goes to another directory where it can.
 */
final class Volumes {
    private final CopyOnWriteArrayList<Volume> all;

    Volumes(List<Volume> all) {
        this.all = new CopyOnWriteArrayList<>(all);
    }

    List<Volume> all() {
        return all;
    }

    /** One that could not be read at start is here now. */
    void add(Volume volume) {
        all.add(volume);
    }

    /**
     * Those that can take a new segment, the best first: with room before those that must evict; then where fewer segments
     * are being written; then the emptier one, or of full ones the one whose oldest segment is oldest.
     */
    List<Volume> bestFirst(Segments segments) {
        if (all.size() == 1) {
            return all;
        }
        return all.stream()
                .filter(Volume::takesSegments)
                .sorted(Comparator.<Volume, Boolean>comparing(volume -> !hasRoom(volume))
                        .thenComparingInt(Volume::unsealed)
                        .thenComparingLong(volume -> hasRoom(volume) ? -freeBytes(volume) : oldestId(volume, segments)))
                .toList();
    }

    /** Whether another one than this could take what is written. */
    boolean elsewhere(Volume volume) {
        return all.stream().anyMatch(other -> other != volume && other.takesSegments() && other.takesWrites());
    }

    /** The highest that a start of this node has had. */
    long epoch() {
        return all.stream()
                .mapToLong(volume -> volume.directory().epoch())
                .max()
                .orElseThrow();
    }

    void raiseEpoch(long epoch) throws StoreException {
        for (Volume volume : all) {
            volume.directory().raiseEpoch(epoch);
        }
    }

    long capacityBytes() {
        return all.stream().mapToLong(volume -> volume.space().capacityBytes()).sum();
    }

    long segmentBytes() {
        return all.stream()
                .mapToLong(volume -> volume.geometry().segmentBytes())
                .max()
                .orElseThrow();
    }

    private static boolean hasRoom(Volume volume) {
        return volume.reclaimer().hasRoom();
    }

    private static long freeBytes(Volume volume) {
        return volume.space().capacityBytes() - volume.space().usedBytes();
    }

    private static long oldestId(Volume volume, Segments segments) {
        return segments.inUse().values().stream()
                .filter(segment -> segment.volume() == volume)
                .mapToLong(Segment::id)
                .findFirst()
                .orElse(Long.MAX_VALUE);
    }
}
