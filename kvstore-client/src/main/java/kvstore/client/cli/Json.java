package kvstore.client.cli;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import java.util.LinkedHashMap;
import java.util.Map;

/** Writes JSON (RFC 8259) for {@code --json}. */
public final class Json {
    private static final Gson GSON = new GsonBuilder().disableHtmlEscaping().create();

    private Json() {}

    /** A map in the order given: a name, its value, a name, its value, ... */
    public static Map<String, Object> object(Object... namesAndValues) {
        Map<String, Object> object = new LinkedHashMap<>();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            object.put((String) namesAndValues[i], namesAndValues[i + 1]);
        }
        return object;
    }

    /**
     * One JSON value on one line.
     *
     * @param value a {@code Map} with keys that are strings, a {@code List}, {@code String}, {@code Boolean}, or a number;
     *     maps and lists hold the same
     * @throws IllegalArgumentException for NaN and infinities
     */
    public static String write(Object value) {
        return GSON.toJson(value);
    }
}
