package kvstore.server.metrics;

import java.util.Arrays;
import java.util.Locale;

/** The commands of LMCache's TCP protocol. */
public enum LmCommand {
    PUT(1),
    GET(2),
    EXIST(3),
    LIST(4),
    HEALTH(5),
    /** Whatever else a client sends: one label value for all. */
    UNKNOWN(0);

    private final int number;

    LmCommand(int number) {
        this.number = number;
    }

    /** The command that has this number on the wire. */
    public static LmCommand of(int number) {
        return Arrays.stream(values())
                .filter(command -> command != UNKNOWN && command.number == number)
                .findFirst()
                .orElse(UNKNOWN);
    }

    String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
