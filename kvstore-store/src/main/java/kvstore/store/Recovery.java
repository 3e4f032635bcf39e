package kvstore.store;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import kvstore.api.IoFailure;
import kvstore.store.NodeDirectory.Found;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Fills the index from the segment files.
 *
 * <p>Segments are read a few at a time and applied newest first: the first record of a key that is met is the newest, and
 * a delete always lies in the same or a newer segment than what it hides. So nothing has to be remembered of a segment
 * but its deletes. A damaged segment loses only itself.
 */
final class Recovery {
    private static final Logger LOG = LoggerFactory.getLogger(Recovery.class);

    /** Segments that are read at the same time. */
    static final int PARALLEL = 8;

    /** Most files set aside that are kept, and what part of the capacity they may take. */
    static final int QUARANTINED_MAX = 4;

    private static final int QUARANTINED_SHARE = 4;

    private final Volumes volumes;
    private final SegmentScanner scanner;
    private final ChunkIndex index;
    private final Segments segments;
    private final StoreListener listener;
    private final Environment environment;
    private final Unusable unusable;
    private final HiddenKeys hidden = new HiddenKeys();

    /** A file and where it lies. */
    private record Placed(Volume volume, Found found) {}

    private int scanned;
    private int quarantined;
    private long epochMax;

    Recovery(
            Volumes volumes,
            SegmentScanner scanner,
            ChunkIndex index,
            Segments segments,
            StoreListener listener,
            Environment environment) {
        this.volumes = volumes;
        this.scanner = scanner;
        this.index = index;
        this.segments = segments;
        this.listener = listener;
        this.environment = environment;
        this.unusable = new Unusable(segments, listener);
    }

    /** Reads everything. */
    void run() throws IOException {
        List<Placed> all = new ArrayList<>();
        for (Volume volume : volumes.all()) {
            volume.directory().quarantined().forEach(found -> segments.seen(found.id()));
            volume.directory().segmentFiles().forEach(found -> all.add(new Placed(volume, found)));
        }
        all.sort(Comparator.comparingInt((Placed placed) -> placed.found().id()).reversed());
        Iterator<Placed> files = all.iterator();
        int read = 0;
        listener.recovering(read, all.size());
        record Running(Placed placed, CompletableFuture<Scan> scan) {}
        ArrayDeque<Running> running = new ArrayDeque<>();
        while (files.hasNext() || !running.isEmpty()) {
            while (files.hasNext() && running.size() < PARALLEL * volumes.all().size()) {
                Placed placed = files.next();
                Found found = placed.found();
                if (found.bytes() == 0) {
                    apply(placed, new Scan.Empty()); // a kill came between the making of the file and its space
                    listener.recovering(++read, all.size());
                    continue;
                }
                running.add(new Running(
                        placed,
                        CompletableFuture.supplyAsync(
                                () -> scanner.scan(placed.volume(), found), environment.background())));
            }
            Running oldest = running.poll();
            if (oldest != null) {
                apply(oldest.placed(), oldest.scan().join());
                listener.recovering(++read, all.size());
            }
        }
        hidden.clear();
        for (Volume volume : volumes.all()) {
            boundQuarantine(volume);
        }
    }

    int scanned() {
        return scanned;
    }

    int quarantined() {
        return quarantined;
    }

    /** Highest epoch that a segment was written in. */
    long epochMax() {
        return epochMax;
    }

    /** Files set aside that are there now. */
    int quarantinedFiles() {
        int files = 0;
        for (Volume volume : volumes.all()) {
            try {
                files += volume.directory().quarantined().size();
            } catch (IOException _) {
                // not counted
            }
        }
        return files;
    }

    private void apply(Placed placed, Scan scan) {
        Found found = placed.found();
        segments.seen(found.id());
        switch (scan) {
            case Scan.Usable usable -> use(usable);
            case Scan.Empty() -> unusable.delete(placed.volume(), found);
            case Scan.Damaged(SegmentDamage damage, String message) -> {
                quarantined++;
                unusable.setAside(placed.volume(), found, damage, message);
            }
            case Scan.Unread(IoFailure failure) -> unusable.leaveAlone(placed.volume(), found, failure);
            case Scan.Missing() -> {}
        }
    }

    private void use(Scan.Usable usable) {
        Segment segment = usable.segment();
        EntryBatch entries = usable.entries();
        int seconds = (int) (segment.header().createdMillis() / 1000);
        for (int i = 0; i < entries.size(); i++) {
            if (!entries.isChunk(i)) {
                hidden.add(entries.high(i), entries.low(i), entries.sequence(i));
            }
        }
        for (int i = 0; i < entries.size(); i++) {
            if (entries.isChunk(i) && !hidden.hides(entries.high(i), entries.low(i), entries.sequence(i))) {
                index.recover(
                        entries.high(i), entries.low(i), segment.id(), entries.block(i), entries.length(i), seconds);
            }
        }
        index.seen(entries.namespace());
        entries.tellOwned(segment);
        segments.add(segment);
        segment.volume().space().found(segment.chargedBytes());
        segment.volume().found(segment);
        epochMax = Math.max(epochMax, segment.header().epoch());
        scanned += usable.scanned() ? 1 : 0;
        if (usable.damaged()) {
            LOG.warn("{} is damaged; {} records of it are used", segment.file().file(), entries.size());
            listener.segmentDamaged(SegmentDamage.BAD_INDEX);
        }
    }

    /** Deletes the oldest of too many files set aside. */
    private void boundQuarantine(Volume volume) throws IOException {
        List<Found> aside = volume.directory().quarantined();
        long bytes = 0;
        for (int i = 0; i < aside.size(); i++) {
            Found found = aside.get(i);
            bytes += found.bytes();
            boolean tooMany = i >= QUARANTINED_MAX || bytes > volume.space().capacityBytes() / QUARANTINED_SHARE;
            if (tooMany && volume.directory().delete(found.file()) == null) {
                bytes -= found.bytes();
            }
        }
    }
}
