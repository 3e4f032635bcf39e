package kvstore.client.cli;

import java.util.Locale;

/** Values as people read them. */
public final class Words {
    private static final String UNITS = "KMGTPE";

    private Words() {}

    /** A size such as {@code 12.5 MiB}, rounded to one digit. */
    public static String size(long bytes) {
        if (bytes < 1024) {
            return bytes + " B";
        }
        double value = bytes;
        int unit = -1;
        while (value >= 1024 && unit < UNITS.length() - 1) {
            value /= 1024;
            unit++;
        }
        return "%.1f %siB".formatted(value, UNITS.charAt(unit));
    }

    /** A constant of the wire contract without what all of its kind begin with: {@code MISS_REASON_ABSENT} is "absent". */
    static String of(Enum<?> constant, String prefix) {
        String name = constant.name();
        return (name.startsWith(prefix) ? name.substring(prefix.length()) : name).toLowerCase(Locale.ROOT);
    }
}
