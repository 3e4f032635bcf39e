package kvstore.store;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import kvstore.api.IoFile;
import org.jspecify.annotations.Nullable;

/**
 * A segment file in use. Born as the one that is written, or found at start.
 *
 * <p>It can be evicted only when nobody holds it: its writer does until it is sealed, every pin and every lease does. One
 * number says all that, so that taking hold and condemning cannot both succeed.
 */
final class Segment {
    private static final int CONDEMNED = Integer.MIN_VALUE;

    private final Volume volume;
    private final SegmentHeader header;
    private final AtomicInteger holds;

    /** What it contains: kept in memory until there is an index area on disk. */
    private final List<IndexEntry> unsealedEntries = new ArrayList<>();

    /** Guarded by itself: what each owner's records take here, in bytes. */
    private final Map<String, Long> owned = new HashMap<>();

    private volatile IoFile file;
    private volatile @Nullable SegmentTrailer trailer;

    /** What it counts for in {@link Space}, and what of that may not be allocated yet. */
    private volatile long chargedBytes;

    private volatile long reservedBytes;

    private Segment(Volume volume, SegmentHeader header, IoFile file, int holds) {
        this.volume = volume;
        this.header = header;
        this.file = file;
        this.holds = new AtomicInteger(holds);
    }

    /** A new one, held by its writer. */
    static Segment written(Volume volume, SegmentHeader header, IoFile file) {
        return new Segment(volume, header, file, 1);
    }

    /** One found at start. */
    static Segment found(Volume volume, SegmentHeader header, IoFile file) {
        return new Segment(volume, header, file, 0);
    }

    int id() {
        return header.id();
    }

    SegmentHeader header() {
        return header;
    }

    /** The directory that its file lies in. */
    Volume volume() {
        return volume;
    }

    IoFile file() {
        return file;
    }

    /** The file was opened again, because its directory was away; the old one is closed. */
    void reopened(IoFile again) {
        IoFile before = file;
        file = again;
        before.close();
    }

    /** The length of its file, whatever of that is allocated. */
    long sizeBytes() {
        return file.sizeBytes();
    }

    /** What it counts for in {@link Space}. */
    long chargedBytes() {
        return chargedBytes;
    }

    /** The part of {@link #chargedBytes} that may not be allocated yet. */
    long reservedBytes() {
        return reservedBytes;
    }

    void charge(long bytes, long reserved) {
        chargedBytes = bytes;
        reservedBytes = reserved;
    }

    /** Protects from eviction until {@link #release}; false if the segment is being evicted. */
    boolean hold() {
        return holds.getAndUpdate(n -> n < 0 ? n : n + 1) >= 0;
    }

    void release() {
        int left = holds.decrementAndGet();
        if (left < 0) {
            throw new IllegalStateException("segment " + id() + " was released more often than held");
        }
    }

    boolean held() {
        return holds.get() > 0;
    }

    /** Takes the right to evict; false if anybody holds it, or its directory is away. From then on nobody can. */
    boolean condemn() {
        return !volume.away() && holds.compareAndSet(0, CONDEMNED);
    }

    /** Takes {@link #condemn} back. */
    void reprieve() {
        holds.set(0);
    }

    boolean condemned() {
        return holds.get() < 0;
    }

    /** A record of this owner takes so many bytes here. */
    void own(String owner, long bytes) {
        synchronized (owned) {
            owned.merge(owner, bytes, Long::sum);
        }
    }

    /** What each owner's records take here, in bytes. */
    Map<String, Long> owned() {
        synchronized (owned) {
            return Map.copyOf(owned);
        }
    }

    void add(IndexEntry entry) {
        synchronized (unsealedEntries) {
            unsealedEntries.add(entry);
        }
    }

    /** What was written so far; empty once sealed. */
    List<IndexEntry> unsealedEntries() {
        synchronized (unsealedEntries) {
            return List.copyOf(unsealedEntries);
        }
    }

    /** Says where the index area lies; null before there is one. */
    @Nullable
    SegmentTrailer trailer() {
        return trailer;
    }

    /** The index area is on disk from now on. */
    void sealed(SegmentTrailer written) {
        trailer = written;
        synchronized (unsealedEntries) {
            unsealedEntries.clear();
            ((ArrayList<IndexEntry>) unsealedEntries).trimToSize();
        }
    }
}
