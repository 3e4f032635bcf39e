package kvstore.store;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import kvstore.api.ChunkKey;
import kvstore.api.KeyDigest;
import kvstore.store.ChunkIndex.Slot;
import kvstore.store.Departure.Cause;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Deletes keys and records: first in memory, then on disk. */
final class Forgetting {
    private static final Logger LOG = LoggerFactory.getLogger(Forgetting.class);

    private final ChunkIndex index;
    private final InFlight inFlight;
    private final Segments segments;
    private final Tombstones tombstones;
    private final StoreListener listener;
    private final Environment environment;

    Forgetting(
            ChunkIndex index,
            InFlight inFlight,
            Segments segments,
            Tombstones tombstones,
            StoreListener listener,
            Environment environment) {
        this.index = index;
        this.inFlight = inFlight;
        this.segments = segments;
        this.tombstones = tombstones;
        this.listener = listener;
        this.environment = environment;
    }

    BitSet delete(List<ChunkKey> keys) {
        BitSet deleted = new BitSet(keys.size());
        List<Hide> hides = new ArrayList<>();
        for (int i = 0; i < keys.size(); i++) {
            KeyDigest digest = KeyDigest.of(keys.get(i));
            InFlight.Deleted result = inFlight.delete(digest);
            Slot slot = result.slot();
            deleted.set(i, slot != null && segments.get(slot.segment()) != null);
            if (slot != null) {
                remember(digest, Cause.DELETED, slot.segment(), slot.length());
            }
            if (result.hide() != null) {
                hides.add(result.hide());
            }
        }
        if (!hides.isEmpty()) {
            tombstones.write(hides);
        }
        listener.deleted(deleted.cardinality());
        return deleted;
    }

    /** @param key for the log */
    void quarantine(Object key, KeyDigest digest, Segment segment, int block, long length, String reason) {
        Hide hide = inFlight.quarantine(digest, segment.id(), block);
        if (hide == null) {
            return; // another reader saw it first, or the key has a newer value
        }
        LOG.warn(
                "record at block {} of {} is corrupt ({}); forgotten: {}",
                block,
                segment.file().file(),
                reason,
                key);
        remember(digest, Cause.CORRUPT, segment.id(), length);
        listener.corrupt(reason);
        tombstones.later(hide);
        try {
            environment.background().execute(tombstones::flush);
        } catch (RejectedExecutionException _) {
            // closing, which writes what is pending
        }
    }

    private void remember(KeyDigest digest, Cause cause, int segment, long length) {
        index.ghosts().add(digest, new Departure(cause, environment.millis(), segment, length));
    }
}
