package kvstore.store;

import java.util.Locale;

/** Why a put was refused. */
public enum ShedReason {
    /** The file system is full, or all that could be evicted is leased or being read. */
    NO_SPACE,
    /** What the owner of the key has in the segments leaves no room for it within his quota. */
    OVER_QUOTA,
    /** The file system failed an operation. */
    IO_ERROR,
    /** The store is closing. */
    STOPPING;

    /** The word used in metrics and logs. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
