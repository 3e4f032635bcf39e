package kvstore.bench;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** A size from text such as {@code 64KiB} or {@code 16MiB}. */
public final class ByteSize implements ITypeConverter<Long> {
    private static final Pattern SIZE = Pattern.compile("(\\d{1,9})(KiB|MiB|GiB)");
    private static final String UNITS = "KMG";

    @Override
    public Long convert(String text) {
        Matcher matcher = SIZE.matcher(text);
        if (!matcher.matches()) {
            throw new TypeConversionException("'" + text + "' is no size, such as 64KiB or 16MiB");
        }
        int power = UNITS.indexOf(matcher.group(2).toUpperCase(Locale.ROOT).charAt(0)) + 1;
        return Long.parseLong(matcher.group(1)) << (10 * power);
    }
}
