package kvstore.store;

import java.util.Locale;

/** Why a chunk that was read went with its segment. */
public enum ReinsertionRefusal {
    /** It did not. */
    NONE,
    /** More was read than may be written again. */
    BUDGET,
    /** The open segment was full. */
    NO_ROOM,
    /** Meanwhile it was deleted, or put again. */
    GONE,
    /** It could not be read or written, or was not what had been put. */
    FAILED;

    /** The word used in metrics. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
