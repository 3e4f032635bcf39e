package kvstore.server.config;

import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.time.Duration;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import kvstore.lustre.StripeLayout;

/**
 * What a key takes: how text becomes a value and back.
 *
 * @param name the type, for people
 * @param allowed the values that are right, for people
 * @param parser throws {@link IllegalArgumentException} whose message goes on after the quoted value
 * @param formatter gives text that {@code parser} takes
 */
record ValueType<T>(String name, String allowed, Function<String, T> parser, Function<T, String> formatter) {
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,63}");

    private static final Pattern USER_ID = Pattern.compile("[0-9]{1,9}");

    /** The kernel's {@code sun_path} has 108 bytes, the last of them zero. */
    private static final int MAX_SOCKET_PATH_BYTES = 107;

    static ValueType<Long> size(String min, String max, String multiple) {
        long minBytes = Sizes.parse(min);
        long maxBytes = Sizes.parse(max);
        long multipleBytes = Sizes.parse(multiple);
        String allowed = min + " to " + max + (multipleBytes == 1 ? "" : ", a multiple of " + multiple);
        return new ValueType<>(
                "size",
                allowed,
                text -> {
                    long bytes = Sizes.parse(text);
                    check(bytes >= minBytes && bytes <= maxBytes, "is out of range");
                    check(bytes % multipleBytes == 0, "is not a multiple of " + multiple);
                    return bytes;
                },
                Sizes::format);
    }

    static ValueType<Integer> intSize(String min, String max, String multiple) {
        return size(min, max, multiple).map(Math::toIntExact, Integer::longValue);
    }

    static ValueType<Duration> duration(String min, String max) {
        Duration least = Durations.parse(min);
        Duration most = Durations.parse(max);
        return new ValueType<>(
                "duration",
                min + " to " + max,
                text -> {
                    Duration duration = Durations.parse(text);
                    check(duration.compareTo(least) >= 0 && duration.compareTo(most) <= 0, "is out of range");
                    return duration;
                },
                Durations::format);
    }

    static ValueType<Integer> count(int min, int max) {
        return new ValueType<>(
                "integer",
                min + " to " + max,
                text -> {
                    int number;
                    try {
                        number = Integer.parseInt(text);
                    } catch (NumberFormatException _) {
                        throw new IllegalArgumentException("is not an integer in range");
                    }
                    check(number >= min && number <= max, "is out of range");
                    return number;
                },
                String::valueOf);
    }

    static ValueType<Double> fraction(double min, double max) {
        return new ValueType<>(
                "fraction",
                min + " to " + max,
                text -> {
                    double number;
                    try {
                        number = Double.parseDouble(text);
                    } catch (NumberFormatException _) {
                        throw new IllegalArgumentException("is not a number");
                    }
                    check(number >= min && number <= max, "is out of range");
                    return number;
                },
                String::valueOf);
    }

    static <E extends Enum<E>> ValueType<E> choice(Class<E> type) {
        E[] constants = type.getEnumConstants();
        return new ValueType<>(
                "choice",
                Arrays.stream(constants).map(ValueType::label).collect(Collectors.joining(", ")),
                text -> Arrays.stream(constants)
                        .filter(constant -> label(constant).equals(text))
                        .findFirst()
                        .orElseThrow(() -> new IllegalArgumentException("is not known")),
                ValueType::label);
    }

    static ValueType<InetSocketAddress> listen() {
        return new ValueType<>("address", "IP address and port", ListenAddresses::parse, ListenAddresses::format);
    }

    static ValueType<Set<SecurityConfig.Door>> doors() {
        Set<SecurityConfig.Door> all = EnumSet.allOf(SecurityConfig.Door.class);
        String names = all.stream().map(ValueType::label).collect(Collectors.joining(", "));
        return new ValueType<>(
                "doors",
                "false; true; of " + names + ", with commas between",
                text -> {
                    if (text.equals("true")) {
                        return all;
                    }
                    Set<SecurityConfig.Door> doors = EnumSet.noneOf(SecurityConfig.Door.class);
                    if (!text.equals("false") && !text.isEmpty()) {
                        Arrays.stream(text.split(","))
                                .map(String::strip)
                                .map(choice(SecurityConfig.Door.class).parser())
                                .forEach(doors::add);
                    }
                    return doors;
                },
                doors -> doors.isEmpty()
                        ? "false"
                        : doors.equals(all)
                                ? "true"
                                : doors.stream().map(ValueType::label).collect(Collectors.joining(",")));
    }

    static ValueType<Path> path() {
        return path("a directory");
    }

    static ValueType<Path> path(String allowed) {
        return new ValueType<>("path", allowed, ValueType::parsePath, Path::toString);
    }

    static ValueType<List<Path>> paths() {
        return new ValueType<>(
                "paths",
                "directories, with commas between; or empty",
                text -> Arrays.stream(text.split(","))
                        .map(String::strip)
                        .filter(item -> !item.isEmpty())
                        .map(ValueType::parsePath)
                        .toList(),
                paths -> paths.stream().map(Path::toString).collect(Collectors.joining(",")));
    }

    static ValueType<URI> httpUrl() {
        return new ValueType<>(
                "URL",
                "http:// or https://, a host and a path, without a password",
                text -> {
                    URI url;
                    try {
                        url = new URI(text);
                    } catch (URISyntaxException _) {
                        throw new IllegalArgumentException("is not a URL");
                    }
                    check("http".equals(url.getScheme()) || "https".equals(url.getScheme()), "is not http or https");
                    check(url.getHost() != null, "has no host");
                    check(url.getRawUserInfo() == null, "has a user or password in it");
                    return url;
                },
                URI::toString);
    }

    static ValueType<Path> socketPath() {
        return new ValueType<>(
                "path",
                "at most " + MAX_SOCKET_PATH_BYTES + " bytes",
                text -> {
                    Path path = parsePath(text);
                    check(
                            path.toString().getBytes(StandardCharsets.UTF_8).length <= MAX_SOCKET_PATH_BYTES,
                            "is too long for a socket");
                    return path;
                },
                Path::toString);
    }

    static ValueType<Set<PosixFilePermission>> fileMode() {
        return new ValueType<>("file mode", "000 to 777, in octal", FileModes::parse, FileModes::format);
    }

    static ValueType<Set<Integer>> userIds() {
        return new ValueType<>(
                "user ids",
                "numbers of users, with commas between; or empty",
                text -> Arrays.stream(text.split(","))
                        .map(String::strip)
                        .filter(item -> !item.isEmpty())
                        .map(item -> {
                            check(USER_ID.matcher(item).matches(), "has what is no number of a user: " + item);
                            return Integer.valueOf(item);
                        })
                        .collect(Collectors.toCollection(TreeSet::new)),
                ids -> ids.stream().map(String::valueOf).collect(Collectors.joining(",")));
    }

    static ValueType<Boolean> flag() {
        return new ValueType<>(
                "flag",
                "true, false",
                text -> {
                    check(text.equals("true") || text.equals("false"), "is neither true nor false");
                    return Boolean.valueOf(text);
                },
                String::valueOf);
    }

    static ValueType<String> ostPool() {
        return new ValueType<>(
                "name",
                "at most 15 letters, digits and . _ -; or empty",
                text -> {
                    check(StripeLayout.isPool(text), "is no name of an OST pool");
                    return text;
                },
                Function.identity());
    }

    static ValueType<String> name(String allowed) {
        return new ValueType<>(
                "name",
                allowed,
                text -> {
                    check(NAME.matcher(text).matches(), "is not a name");
                    return text;
                },
                Function.identity());
    }

    /** This type, or nothing at all. */
    ValueType<Optional<T>> orEmpty() {
        return new ValueType<>(
                name,
                allowed + "; or empty",
                text -> text.isEmpty() ? Optional.empty() : Optional.of(parser.apply(text)),
                value -> value.map(formatter).orElse(""));
    }

    /** This type, or not yet set, which somebody else complains about. */
    ValueType<Optional<T>> orUnset() {
        return new ValueType<>(name, allowed, orEmpty().parser, orEmpty().formatter);
    }

    /** This type, or {@code auto}, which is left to whoever knows more. */
    ValueType<Optional<T>> orAuto() {
        return new ValueType<>(
                name,
                "auto; " + allowed,
                text -> text.equals("auto") ? Optional.empty() : Optional.of(parser.apply(text)),
                value -> value.map(formatter).orElse("auto"));
    }

    /** This type, or {@code auto}, which is found out here. */
    ValueType<T> orAuto(Supplier<T> auto) {
        return new ValueType<>(
                name, "auto; " + allowed, text -> text.equals("auto") ? auto.get() : parser.apply(text), formatter);
    }

    private <R> ValueType<R> map(Function<T, R> to, Function<R, T> from) {
        return new ValueType<>(name, allowed, parser.andThen(to), formatter.compose(from));
    }

    private static Path parsePath(String text) {
        check(!text.isEmpty(), "is no path");
        try {
            return Path.of(text).toAbsolutePath().normalize();
        } catch (InvalidPathException _) {
            throw new IllegalArgumentException("is no path");
        }
    }

    private static String label(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }

    private static void check(boolean right, String message) {
        if (!right) {
            throw new IllegalArgumentException(message);
        }
    }
}
