package kvstore.server.metrics;

import java.util.Locale;

/** How a command of the lm door ended. */
public enum LmOutcome {
    /** Done. A PUT whose value is stored now, or was before. */
    OK,
    /** A GET or EXIST that found its key. */
    HIT,
    /** A GET or EXIST that did not. */
    MISS,
    /** A PUT that stored nothing; {@code kvstore_put_chunks_total} says why. */
    DROPPED,
    /** A command that is not known, or not offered. */
    ERROR,
    /** The connection ended before the command did. */
    CUT;

    String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
