package kvstore.api;

import java.util.Locale;

/** The ways that payload can take between memory and the file system. */
public enum IoPath {
    /** {@code O_DIRECT}: past the page cache. */
    ODIRECT,
    /** Through the page cache and {@code fdatasync}: only where {@code O_DIRECT} is refused. */
    BUFFERED;

    /** The word used in metrics, logs and on the wire. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
