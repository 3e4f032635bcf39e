package kvstore.server.metrics;

import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** The commands of the RESP door, which are counted by name. */
public enum RespCommand {
    AUTH(2, 3),
    HELLO(1, Integer.MAX_VALUE),
    PING(1, 2),
    ECHO(2, 2),
    SELECT(2, 2),
    CLIENT(2, Integer.MAX_VALUE),
    COMMAND(1, Integer.MAX_VALUE),
    CONFIG(2, Integer.MAX_VALUE),
    INFO(1, Integer.MAX_VALUE),
    GET(2, 2),
    SET(3, Integer.MAX_VALUE),
    MGET(2, Integer.MAX_VALUE),
    EXISTS(2, Integer.MAX_VALUE),
    DEL(2, Integer.MAX_VALUE),
    UNLINK(2, Integer.MAX_VALUE),
    STRLEN(2, 2),
    TTL(2, 2),
    DBSIZE(1, 1),
    SCAN(2, Integer.MAX_VALUE),
    QUIT(1, Integer.MAX_VALUE),
    /** Whatever a client makes up: one label value for all, because clients choose these names. */
    OTHER(1, Integer.MAX_VALUE);

    private static final Map<String, RespCommand> BY_NAME =
            Arrays.stream(values()).filter(c -> c != OTHER).collect(Collectors.toUnmodifiableMap(Enum::name, c -> c));

    private final int minArguments;
    private final int maxArguments;

    RespCommand(int minArguments, int maxArguments) {
        this.minArguments = minArguments;
        this.maxArguments = maxArguments;
    }

    /** The command of this name, in any case. */
    public static RespCommand of(String name) {
        return BY_NAME.getOrDefault(name.toUpperCase(Locale.ROOT), OTHER);
    }

    /** Whether it may have so many arguments, its name among them. */
    public boolean takes(int arguments) {
        return arguments >= minArguments && arguments <= maxArguments;
    }

    String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
