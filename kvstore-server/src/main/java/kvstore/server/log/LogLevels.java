package kvstore.server.log;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;
import kvstore.server.identity.Audit;
import org.slf4j.LoggerFactory;

/** Levels of loggers while the daemon runs. {@link Logging#configure} takes all of these back. */
public final class LogLevels {
    /** All that is the daemon's own. */
    public static final String OWN = "kvstore";

    /** More would be a list that nobody reads, in memory for ever. */
    static final int LOGGERS_MAX = 100;

    private static final String INHERIT = "inherit";
    private static final int NAME_LENGTH_MAX = 200;
    private static final Pattern NAME = Pattern.compile("[A-Za-z_$][A-Za-z0-9_$]*(\\.[A-Za-z_$][A-Za-z0-9_$]*)*");
    private static final Map<String, Level> LEVELS = Map.of(
            "off", Level.OFF,
            "error", Level.ERROR,
            "warn", Level.WARN,
            "info", Level.INFO,
            "debug", Level.DEBUG,
            "trace", Level.TRACE);

    private static final org.slf4j.Logger log = LoggerFactory.getLogger(LogLevels.class);

    private LogLevels() {}

    /**
     * Changes one.
     *
     * @param level a name in small letters, or {@code inherit} for that of the logger above
     * @param logger empty is {@link #OWN}
     * @throws IllegalArgumentException if there is no such level or logger, says what there is
     */
    public static synchronized void set(String level, String logger) {
        String name = name(logger);
        if (name.equals(Audit.LOGGER)) {
            throw new IllegalArgumentException("logger: the audit log is always written");
        }
        if (level.equals(INHERIT)) {
            inherit(name);
        } else if (!LEVELS.containsKey(level)) {
            throw new IllegalArgumentException(
                    "level '" + level + "' is none of off, error, warn, info, debug, trace and inherit");
        } else if (!all().containsKey(name) && all().size() >= LOGGERS_MAX) {
            throw new IllegalArgumentException(
                    "logger: " + LOGGERS_MAX + " have a level of their own; let some inherit again");
        } else {
            context().getLogger(name).setLevel(LEVELS.get(level));
        }
        log.atInfo().addKeyValue("logger", name).addKeyValue("level", level).log("log level changed");
    }

    /** Those that have a level of their own, by their names. */
    public static synchronized SortedMap<String, String> all() {
        SortedMap<String, String> levels = new TreeMap<>();
        for (Logger logger : context().getLoggerList()) {
            if (logger.getLevel() != null && !logger.getName().equals(Audit.LOGGER)) {
                levels.put(logger.getName(), logger.getLevel().toString().toLowerCase(Locale.ROOT));
            }
        }
        return levels;
    }

    private static void inherit(String name) {
        if (name.equals(Logger.ROOT_LOGGER_NAME)) {
            throw new IllegalArgumentException("level: ROOT has no logger above to inherit from");
        }
        Logger known = context().exists(name);
        if (known != null) {
            known.setLevel(null);
        }
    }

    private static String name(String logger) {
        if (logger.isEmpty()) {
            return OWN;
        }
        if (logger.length() > NAME_LENGTH_MAX || !NAME.matcher(logger).matches()) {
            throw new IllegalArgumentException("logger is no name of a package or class of at most " + NAME_LENGTH_MAX
                    + " characters, such as kvstore.server.grpc");
        }
        return logger;
    }

    private static LoggerContext context() {
        return (LoggerContext) LoggerFactory.getILoggerFactory();
    }
}
