package kvstore.client.cli;

import java.util.Arrays;
import java.util.List;
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

    /**
     * What {@link #of} made a name of.
     *
     * @param option where the name was given
     * @throws CommandFailure with what is allowed
     */
    static <E extends Enum<E>> E constant(Class<E> type, String prefix, String name, String option) {
        List<String> allowed = Arrays.stream(type.getEnumConstants())
                .map(constant -> of(constant, prefix))
                .filter(known -> !known.equals("unspecified") && !known.equals("unrecognized"))
                .toList();
        if (!allowed.contains(name)) {
            throw new CommandFailure(
                    ExitCode.USAGE, "%s: '%s' is none of %s".formatted(option, name, String.join(", ", allowed)));
        }
        return Enum.valueOf(type, prefix + name.toUpperCase(Locale.ROOT));
    }

    /** A constant of the wire contract without what all of its kind begin with: {@code MISS_REASON_ABSENT} is "absent". */
    static String of(Enum<?> constant, String prefix) {
        String name = constant.name();
        return (name.startsWith(prefix) ? name.substring(prefix.length()) : name).toLowerCase(Locale.ROOT);
    }
}
