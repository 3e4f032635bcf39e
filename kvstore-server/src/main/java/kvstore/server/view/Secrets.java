package kvstore.server.view;

import java.util.regex.Pattern;

/** Which settings are not shown. By their names, so that one that is added later is hidden without anybody thinking of it. */
public final class Secrets {
    /** Shown instead. */
    public static final String REDACTED = "(redacted)";

    private static final Pattern SECRET =
            Pattern.compile("(?i)password|passphrase|secret|token(?!s)|credential|private|api-?key");

    private Secrets() {}

    /** The value, or that it is not shown. One that is not set is no secret. */
    public static String shown(String name, String value) {
        return !value.isEmpty() && SECRET.matcher(name).find() ? REDACTED : value;
    }
}
