package kvstore.server.metrics;

import java.util.Locale;

/** Which way payload moves. */
public enum Direction {
    /** Into the store. */
    PUT,
    /** Out of the store. */
    GET;

    String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
