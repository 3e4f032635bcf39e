package kvstore.server.config;

import java.io.Serial;
import java.util.List;

/** The configuration is wrong. Nothing was started. */
public final class ConfigException extends Exception {
    @Serial
    private static final long serialVersionUID = 1L;

    /** An array, because exceptions are serializable and a {@code List} need not be. */
    private final String[] problems;

    ConfigException(List<String> problems) {
        super(String.join("\n", problems));
        this.problems = problems.toArray(String[]::new);
    }

    /** Each a sentence that names place, key, value and what would be right. Never empty. */
    public List<String> problems() {
        return List.of(problems);
    }
}
