package kvstore.server.metrics;

import java.util.Locale;

/** How a command of the RESP door ended. */
public enum RespOutcome {
    /** Done. A SET whose value is stored now, or was before. */
    OK,
    /** A GET or MGET with at least one value; an EXISTS that found at least one key. */
    HIT,
    /** A GET, MGET or EXISTS that found nothing. */
    MISS,
    /** A SET that was answered with OK and stored nothing; {@code kvstore_put_chunks_total} says why. */
    DROPPED,
    /** A SET that NX or XX forbade. */
    REFUSED,
    /** Answered with an error. */
    ERROR,
    /** The connection ended before the answer. */
    CUT;

    String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
