package kvstore.client.lmcache;

import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;

/** What the textual forms have in common. */
final class Text {
    private static final Pattern CANONICAL_HEX = Pattern.compile("0|[1-9a-f][0-9a-f]*");

    private Text() {}

    /** Whether this cannot have come from a file's name and gone back into one: control characters, broken UTF-8. */
    static boolean isOdd(String text) {
        return text.indexOf('\uFFFD') >= 0
                || text.chars().anyMatch(Character::isISOControl)
                || !StandardCharsets.UTF_8.newEncoder().canEncode(text);
    }

    /** Digits as Python's {@code %x} prints them: lower case, none too many. */
    static boolean isCanonicalHex(String text) {
        return CANONICAL_HEX.matcher(text).matches();
    }
}
