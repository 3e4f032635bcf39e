package kvstore.store;

import java.util.Locale;

/** How the store stands with its disk. */
public enum CapacityState {
    /** There is room, or eviction makes it as it is needed. */
    OK,
    /** The file system has less free than its floor, so the store gives space back. */
    SHRINKING,
    /** The file system refused to store more: puts that need new space are shed until it does again. */
    FULL;

    /** The word used on the wire, in metrics and in logs. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
