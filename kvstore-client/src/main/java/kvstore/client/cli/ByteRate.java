package kvstore.client.cli;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Bytes a second from text such as {@code 500MiB/s}. */
public final class ByteRate implements ITypeConverter<Long> {
    private static final Pattern RATE = Pattern.compile("([1-9][0-9]{0,8})(KiB|MiB|GiB)/s");

    /** For picocli. */
    public ByteRate() {}

    @Override
    public Long convert(String text) {
        Matcher matcher = RATE.matcher(text);
        if (!matcher.matches()) {
            throw new TypeConversionException("'" + text + "' is no rate, such as 500MiB/s");
        }
        int power = "KMG".indexOf(matcher.group(2).charAt(0)) + 1;
        return Long.parseLong(matcher.group(1)) << (10 * power);
    }
}
