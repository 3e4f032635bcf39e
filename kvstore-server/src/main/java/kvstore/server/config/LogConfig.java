package kvstore.server.config;

import org.slf4j.event.Level;

/** What is logged to standard output, and how. */
public record LogConfig(Level level, Format format) {
    /** How a line looks. */
    public enum Format {
        /** For people and journald. */
        TEXT,
        /** One JSON object a line. */
        JSON
    }
}
