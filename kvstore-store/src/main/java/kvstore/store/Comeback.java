package kvstore.store;

import java.io.IOException;
import java.util.Comparator;
import java.util.List;
import kvstore.api.IoFailure;
import kvstore.api.IoFile;
import kvstore.api.KeyDigest;
import kvstore.store.ChunkIndex.Slot;
import kvstore.store.NodeDirectory.Found;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings the chunks of a directory back that was away.
 *
 * <p>If it was there at the start, memory still knows what is in it, and what was deleted or replaced since: its files are
 * only opened again. If it was not, its segments are read as a start reads them, and each record is compared with what is
 * known of its key: a segment is newer than another if it is of a later start, or of the same and has the higher number.
 */
final class Comeback implements Volume.Returning {
    private static final Logger LOG = LoggerFactory.getLogger(Comeback.class);

    private final SegmentScanner scanner;
    private final ChunkIndex index;
    private final Segments segments;
    private final InFlight inFlight;
    private final BlockBuffers buffers;
    private final StoreListener listener;
    private final Unusable unusable;

    Comeback(
            SegmentScanner scanner,
            ChunkIndex index,
            Segments segments,
            InFlight inFlight,
            BlockBuffers buffers,
            StoreListener listener) {
        this.scanner = scanner;
        this.index = index;
        this.segments = segments;
        this.inFlight = inFlight;
        this.buffers = buffers;
        this.listener = listener;
        this.unusable = new Unusable(segments, listener);
    }

    /** Opens the files again: the old descriptors may be of a mount that is gone. */
    @Override
    public void opened(Volume volume) throws IOException {
        for (Segment segment : List.copyOf(segments.inUse().values())) {
            if (segment.volume() == volume) {
                reopen(segment);
            }
        }
    }

    private void reopen(Segment segment) throws IoFailure {
        try {
            IoFile file = segment.volume().engine().open(segment.file().file());
            segment.reopened(file);
        } catch (IoFailure e) {
            if (e.kind() != IoFailure.Kind.NOT_FOUND) {
                throw e;
            }
            LOG.warn("{} is gone with its chunks", segment.file().file());
            forget(segment);
            segment.volume().space().reserve(-segment.reservedBytes());
            segment.volume().space().give(segment.chargedBytes());
        }
    }

    /** Reads the segments of a directory that was not there at the start. Puts, gets and deletes go on meanwhile. */
    void read(Volume volume) throws IOException {
        inFlight.seen(volume.directory().epoch());
        inFlight.noteDeletes();
        HiddenKeys hidden = new HiddenKeys();
        try {
            volume.directory().quarantined().forEach(found -> segments.seen(found.id()));
            deletesElsewhere(hidden);
            List<Found> files = volume.directory().segmentFiles().stream()
                    .sorted(Comparator.comparingInt(Found::id).reversed())
                    .toList();
            for (Found found : files) {
                apply(volume, found, hidden);
            }
        } finally {
            hidden.clear();
            inFlight.noteDeletesNoMore();
        }
    }

    /** Takes back what {@link #read} found, because the directory failed before all was read. */
    void forget(@Nullable Volume volume) {
        List.copyOf(segments.inUse().values()).stream()
                .filter(segment -> segment.volume() == volume)
                .forEach(this::forget);
    }

    private void forget(Segment segment) {
        segments.remove(segment);
        long[] _ = index.removeAll(segment.id());
        segment.file().close();
    }

    private void deletesElsewhere(HiddenKeys hidden) {
        for (Segment segment : segments.inUse().values()) {
            boolean _ = IndexArea.show(
                    segment,
                    buffers,
                    item -> {
                        if (!item.isChunk()) {
                            hidden.add(item.digest().high(), item.digest().low(), item.sequence());
                        }
                    },
                    listener);
        }
    }

    private void apply(Volume volume, Found found, HiddenKeys hidden) {
        segments.seen(found.id());
        switch (found.bytes() == 0 ? new Scan.Missing() : scanner.scan(volume, found)) {
            case Scan.Usable usable when !segments.inUse().containsKey(found.id()) -> use(volume, usable, hidden);
            case Scan.Usable usable -> {
                // Was written while this directory was away: there cannot be two of one number.
                LOG.warn("{} has the number of another segment and is deleted", found.file());
                usable.segment().file().close();
                unusable.delete(volume, found);
            }
            case Scan.Empty() -> unusable.delete(volume, found);
            case Scan.Damaged(SegmentDamage damage, String message) ->
                unusable.setAside(volume, found, damage, message);
            case Scan.Unread(IoFailure failure) -> unusable.leaveAlone(volume, found, failure);
            case Scan.Missing() -> {}
        }
    }

    private void use(Volume volume, Scan.Usable usable, HiddenKeys hidden) {
        Segment segment = usable.segment();
        EntryBatch entries = usable.entries();
        int seconds = (int) (segment.header().createdMillis() / 1000);
        for (int i = 0; i < entries.size(); i++) {
            if (!entries.isChunk(i)) {
                KeyDigest digest = new KeyDigest(entries.high(i), entries.low(i));
                hidden.add(digest.high(), digest.low(), entries.sequence(i));
                inFlight.recoverDelete(digest, slot -> isOlder(slot, segment));
            }
        }
        entries.tellOwned(segment);
        segments.add(segment);
        volume.space().found(segment.chargedBytes());
        volume.found(segment);
        for (int i = 0; i < entries.size(); i++) {
            KeyDigest digest = new KeyDigest(entries.high(i), entries.low(i));
            if (entries.isChunk(i) && !hidden.hides(digest.high(), digest.low(), entries.sequence(i))) {
                Slot slot = new Slot(segment.id(), entries.block(i), entries.length(i));
                inFlight.recover(digest, slot, now -> isOlder(now, slot, segment), seconds);
            }
        }
        index.seen(entries.namespace());
    }

    private boolean isOlder(Slot now, Slot found, Segment segment) {
        return now.segment() == segment.id() ? now.block() < found.block() : isOlder(now, segment);
    }

    private boolean isOlder(Slot slot, Segment than) {
        Segment segment = segments.inUse().get(slot.segment());
        return segment == null
                || segment.header().epoch() < than.header().epoch()
                || (segment.header().epoch() == than.header().epoch() && segment.id() < than.id());
    }
}
