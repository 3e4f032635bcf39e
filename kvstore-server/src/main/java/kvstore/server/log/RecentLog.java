package kvstore.server.log;

import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.PatternLayout;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.CyclicBufferAppender;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The last lines of the log, in memory, for those who cannot get at the real one. */
public final class RecentLog {
    private static final String NAME = "recent";
    private static final int EVENTS_MAX = 500;
    private static final int LINE_LENGTH_MAX = 4000;

    private RecentLog() {}

    /** Remembers what goes through this from now on. */
    static CyclicBufferAppender<ILoggingEvent> appender(LoggerContext context) {
        CyclicBufferAppender<ILoggingEvent> appender = new CyclicBufferAppender<>();
        appender.setContext(context);
        appender.setName(NAME);
        appender.setMaxSize(EVENTS_MAX);
        appender.start();
        return appender;
    }

    /** Oldest first; none where the daemon's logging is not set up. */
    public static List<String> lines() {
        LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();
        List<String> lines = new ArrayList<>();
        if (context.getLogger(Logger.ROOT_LOGGER_NAME).getAppender(NAME)
                instanceof CyclicBufferAppender<ILoggingEvent> recent) {
            PatternLayout layout = new PatternLayout();
            layout.setContext(context);
            layout.setPattern(Logging.TEXT_LINE);
            layout.start();
            for (int i = 0; i < recent.getLength(); i++) {
                String line = layout.doLayout(recent.get(i)).stripTrailing();
                lines.add(line.substring(0, Math.min(line.length(), LINE_LENGTH_MAX)));
            }
        }
        return lines;
    }
}
