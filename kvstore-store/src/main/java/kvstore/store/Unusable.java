package kvstore.store;

import java.io.IOException;
import kvstore.api.IoFailure;
import kvstore.store.NodeDirectory.Found;
import kvstore.store.Segments.Stray;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What becomes of a segment file that was found and cannot be used. */
final class Unusable {
    private static final Logger LOG = LoggerFactory.getLogger(Unusable.class);

    private final Segments segments;
    private final StoreListener listener;

    Unusable(Segments segments, StoreListener listener) {
        this.segments = segments;
        this.listener = listener;
    }

    /** There is nothing in it that anybody wants. */
    void delete(Volume volume, Found found) {
        IoFailure failure = volume.directory().delete(found.file());
        if (failure != null) {
            leaveAlone(volume, found, failure);
        }
    }

    /** It is damaged: people may want to look at it. */
    void setAside(Volume volume, Found found, SegmentDamage damage, String message) {
        LOG.warn("{} is damaged and set aside ({}): {}", found.file(), damage.label(), message);
        listener.segmentDamaged(damage);
        try {
            volume.directory().setAside(found, damage);
        } catch (IOException e) {
            leaveAlone(
                    volume, found, new IoFailure(IoFailure.Kind.IO, 0, "cannot set aside " + found.file() + ": " + e));
        }
    }

    /** It stays where it is and counts, until it can be deleted. */
    void leaveAlone(Volume volume, Found found, IoFailure failure) {
        LOG.warn("{} cannot be used now and is left alone: {}", found.file(), failure.getMessage());
        listener.segmentDamaged(SegmentDamage.UNREADABLE);
        listener.ioFailed("open", failure);
        segments.strays().put(found.id(), new Stray(volume, found.id(), found.file(), found.bytes()));
        volume.space().found(found.bytes());
    }
}
