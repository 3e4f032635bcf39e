package kvstore.server.config;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Sizes as people write them: {@code 512KiB}, {@code 1GiB}, or a plain number of bytes. */
public final class Sizes {
    private static final Pattern SIZE = Pattern.compile("(\\d{1,18})\\s*(B|KiB|MiB|GiB|TiB|PiB)?");
    private static final List<String> UNITS = List.of("B", "KiB", "MiB", "GiB", "TiB", "PiB");
    private static final int UNIT_BITS = 10;

    private Sizes() {}

    /**
     * Reads a size.
     *
     * @return bytes
     * @throws IllegalArgumentException if it is none, or more than a {@code long} holds
     */
    public static long parse(String text) {
        Matcher matcher = SIZE.matcher(text);
        if (!matcher.matches()) {
            throw new IllegalArgumentException("is not a size such as 512KiB or 1GiB");
        }
        long number = Long.parseLong(matcher.group(1));
        String unit = matcher.group(2);
        int shift = unit == null ? 0 : UNITS.indexOf(unit) * UNIT_BITS;
        if (number > Long.MAX_VALUE >> shift) {
            throw new IllegalArgumentException("is more than 8EiB");
        }
        return number << shift;
    }

    /** In the largest unit that keeps it a whole number, so that {@link #parse} gives the same back. */
    public static String format(long bytes) {
        int unit = bytes == 0 ? 0 : Math.min(Long.numberOfTrailingZeros(bytes) / UNIT_BITS, UNITS.size() - 1);
        return (bytes >> (unit * UNIT_BITS)) + UNITS.get(unit);
    }
}
