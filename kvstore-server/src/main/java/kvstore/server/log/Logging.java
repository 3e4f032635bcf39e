package kvstore.server.log;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.JsonEncoder;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.FileAppender;
import ch.qos.logback.core.encoder.Encoder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import java.util.Set;
import kvstore.server.config.LogConfig;
import kvstore.server.identity.Audit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.bridge.SLF4JBridgeHandler;

/**
 * Sets Logback up from the configuration. Until then, and for every other command, {@code logback.xml} lets only warnings
 * out, to standard error, so that what a command prints is only what it was asked for.
 */
public final class Logging {
    /**
     * Line breaks inside a message become spaces, because clients choose some of what is logged and must not be able to
     * write lines of their own.
     */
    static final String TEXT_LINE =
            "%d{yyyy-MM-dd'T'HH:mm:ss.SSSXXX} %-5level %logger{0} %replace(%replace(%msg %kvp){'[\\r\\n]+',' '}){' $',''}%n";

    private static final Set<PosixFilePermission> AUDIT_FILE_MODE = PosixFilePermissions.fromString("rw-r-----");

    private Logging() {}

    /** From now on, everything goes to standard output as {@code config} says. */
    public static void configure(LogConfig config) {
        configure(config, Optional.empty());
    }

    /** The same, but for the audit log, which goes to a file, as an object of JSON a line. */
    public static void configure(LogConfig config, Optional<Path> auditFile) {
        LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();
        context.reset();
        ConsoleAppender<ILoggingEvent> appender = new ConsoleAppender<>();
        appender.setContext(context);
        appender.setName("stdout");
        appender.setEncoder(encoder(config.format(), context));
        appender.start();
        ch.qos.logback.classic.Logger root = context.getLogger(Logger.ROOT_LOGGER_NAME);
        root.addAppender(appender);
        root.addAppender(RecentLog.appender(context));
        Level level = Level.convertAnSLF4JLevel(config.level());
        // libraries say far too much below info, and it is the daemon that an operator wants to look into
        root.setLevel(level.isGreaterOrEqual(Level.INFO) ? level : Level.INFO);
        context.getLogger("kvstore").setLevel(level);
        ch.qos.logback.classic.Logger audit = context.getLogger(Audit.LOGGER);
        audit.setLevel(Level.INFO);
        auditFile.ifPresent(file -> audit(audit, file, context));
        bridgeJavaLogging();
    }

    private static void audit(ch.qos.logback.classic.Logger logger, Path file, LoggerContext context) {
        try {
            if (!Files.exists(file)) {
                Files.createFile(file, PosixFilePermissions.asFileAttribute(AUDIT_FILE_MODE));
            }
        } catch (IOException e) {
            logger.error("audit.file: {} cannot be made, and the audit goes to the log: {}", file, e.getMessage());
            return;
        }
        FileAppender<ILoggingEvent> appender = new FileAppender<>();
        appender.setContext(context);
        appender.setName("audit");
        appender.setFile(file.toString());
        appender.setAppend(true);
        appender.setEncoder(json(context));
        appender.start();
        if (appender.isStarted()) {
            logger.addAppender(appender);
            logger.setAdditive(false);
        } else {
            logger.error("audit.file: {} cannot be written, and the audit goes to the log", file);
        }
    }

    /** Turns an event into a line. */
    static Encoder<ILoggingEvent> encoder(LogConfig.Format format, LoggerContext context) {
        return switch (format) {
            case TEXT -> text(context);
            case JSON -> json(context);
        };
    }

    private static Encoder<ILoggingEvent> text(LoggerContext context) {
        PatternLayoutEncoder encoder = new PatternLayoutEncoder();
        encoder.setContext(context);
        encoder.setPattern(TEXT_LINE);
        encoder.start();
        return encoder;
    }

    private static Encoder<ILoggingEvent> json(LoggerContext context) {
        JsonEncoder encoder = new JsonEncoder();
        encoder.setContext(context);
        encoder.setWithSequenceNumber(false);
        encoder.setWithNanoseconds(false);
        encoder.setWithContext(false);
        encoder.setWithMessage(false);
        encoder.setWithArguments(false);
        encoder.setWithFormattedMessage(true);
        encoder.start();
        return encoder;
    }

    /** gRPC logs through {@code java.util.logging}. */
    private static void bridgeJavaLogging() {
        SLF4JBridgeHandler.removeHandlersForRootLogger();
        SLF4JBridgeHandler.install();
    }
}
