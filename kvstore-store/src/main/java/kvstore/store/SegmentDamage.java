package kvstore.store;

import java.util.Locale;

/** What is wrong with a segment file that was found at start. */
public enum SegmentDamage {
    /** Its first block is not a segment header, or is damaged. */
    BAD_HEADER,
    /** It was written by a release that this one does not understand. */
    UNKNOWN_VERSION,
    /** It belongs to another pool, another node, or has another file's name. */
    FOREIGN,
    /** It is shorter than it was, and no record is left. */
    TRUNCATED,
    /** Its index area is damaged; its records were read one by one. The file stays in use. */
    BAD_INDEX,
    /** The file system would not read it now; it was left alone. */
    UNREADABLE;

    /** The word used in metrics, logs and the names of files set aside. */
    public String label() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
