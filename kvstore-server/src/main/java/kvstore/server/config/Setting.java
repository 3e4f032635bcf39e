package kvstore.server.config;

import java.util.Locale;

/**
 * One key.
 *
 * @param path as in {@code data.directory}
 * @param type what it takes
 * @param defaultText what holds where nobody says anything; empty text is a value too
 * @param documentation a paragraph for the reference page
 */
record Setting<T>(String path, ValueType<T> type, String defaultText, String documentation) {
    static final String ENVIRONMENT_PREFIX = "KVSTORE_";

    /** The part before the dot, or empty. */
    String section() {
        return path.contains(".") ? path.substring(0, path.indexOf('.')) : "";
    }

    /** The part after the dot. */
    String key() {
        return path.substring(path.indexOf('.') + 1);
    }

    /** {@code data.max-value-size} is {@code KVSTORE_DATA_MAX_VALUE_SIZE}. */
    String environmentName() {
        return ENVIRONMENT_PREFIX
                + path.toUpperCase(Locale.ROOT).replace('.', '_').replace('-', '_');
    }

    /** What {@code text} means. */
    T parse(String text) {
        return type.parser().apply(text);
    }

    /** The effective value of {@code text}, as text. */
    String effective(String text) {
        return type.formatter().apply(parse(text));
    }
}
