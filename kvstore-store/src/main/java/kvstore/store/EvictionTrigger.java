package kvstore.store;

import java.util.Locale;

/** Why room had to be made. */
public enum EvictionTrigger {
    /** A new segment would have exceeded the capacity. */
    CAPACITY,
    /** More than the high watermark was in use. */
    WATERMARK,
    /** The file system had less free than its floor. */
    FLOOR,
    /** The file system refused to store more: ENOSPC or EDQUOT. */
    NO_SPACE;

    /** The word used in metrics and logs. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
