package kvstore.store;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import kvstore.api.ChunkKey;
import kvstore.api.KeyDigest;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Deletes keys and records: first in memory, then on disk. */
final class Forgetting {
    private static final Logger LOG = LoggerFactory.getLogger(Forgetting.class);

    private final InFlight inFlight;
    private final Segments segments;
    private final Tombstones tombstones;
    private final StoreListener listener;
    private final Environment environment;

    Forgetting(
            InFlight inFlight,
            Segments segments,
            Tombstones tombstones,
            StoreListener listener,
            Environment environment) {
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
            InFlight.Deleted result = inFlight.delete(KeyDigest.of(keys.get(i)));
            deleted.set(i, result.slot() != null && segments.get(result.slot().segment()) != null);
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

    void quarantine(ChunkKey key, KeyDigest digest, Segment segment, int block, String reason) {
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
        listener.corrupt(reason);
        tombstones.later(hide);
        try {
            environment.background().execute(tombstones::flush);
        } catch (RejectedExecutionException _) {
            // closing, which writes what is pending
        }
    }
}
