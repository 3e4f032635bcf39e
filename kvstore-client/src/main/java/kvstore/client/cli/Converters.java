package kvstore.client.cli;

import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import kvstore.api.ChunkKey;
import kvstore.client.Target;
import kvstore.client.lmcache.KvShape;
import kvstore.client.lmcache.TreeFormat;
import picocli.CommandLine;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Options and parameters from text. */
final class Converters {
    private static final Pattern DURATION = Pattern.compile("(\\d{1,9})(ms|s|m|h)");

    private Converters() {}

    /** Registers the types that {@link KvStoreCommand} promises, for a command and those under it. */
    static void register(CommandLine commandLine) {
        commandLine
                .registerConverter(Target.class, converter(Target::parse))
                .registerConverter(Duration.class, converter(Converters::duration))
                .registerConverter(ChunkKey.class, converter(Converters::key))
                .registerConverter(KvShape.class, converter(KvShape::parse))
                .registerConverter(TreeFormat.class, converter(Converters::format));
    }

    /** A key as {@link ChunkKey#toString} shows it: text, or {@code hex:} and digits. */
    static ChunkKey key(String text) {
        return ChunkKey.parse(text);
    }

    private static TreeFormat format(String text) {
        return Arrays.stream(TreeFormat.values())
                .filter(format -> format.label().equals(text))
                .findFirst()
                .orElseThrow(
                        () -> new IllegalArgumentException("'" + text + "' is none of gds, fs_native, nixl and fs"));
    }

    static Duration duration(String text) {
        Matcher matcher = DURATION.matcher(text);
        if (!matcher.matches()) {
            throw new IllegalArgumentException("'" + text + "' is no duration, such as 500ms, 30s or 2m");
        }
        Duration duration = Duration.of(
                Long.parseLong(matcher.group(1)),
                switch (matcher.group(2)) {
                    case "ms" -> ChronoUnit.MILLIS;
                    case "s" -> ChronoUnit.SECONDS;
                    case "m" -> ChronoUnit.MINUTES;
                    default -> ChronoUnit.HOURS;
                });
        if (duration.isZero()) {
            throw new IllegalArgumentException("'" + text + "' is no time at all");
        }
        return duration;
    }

    // picocli shows the message of this exception alone, and of any other its class as well
    private static <T> ITypeConverter<T> converter(Function<String, T> parse) {
        return text -> {
            try {
                return parse.apply(text);
            } catch (IllegalArgumentException e) {
                throw new TypeConversionException(e.getMessage());
            }
        };
    }
}
