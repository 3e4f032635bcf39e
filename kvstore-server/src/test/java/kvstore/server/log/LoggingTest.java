package kvstore.server.log;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.LoggingEvent;
import ch.qos.logback.classic.util.ContextInitializer;
import ch.qos.logback.core.joran.spi.JoranException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import kvstore.server.config.LogConfig;
import kvstore.server.config.LogConfig.Format;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.bridge.SLF4JBridgeHandler;
import org.slf4j.event.KeyValuePair;

final class LoggingTest {
    private final LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();

    @AfterEach
    void undo() throws JoranException {
        SLF4JBridgeHandler.uninstall();
        context.reset();
        new ContextInitializer(context).autoConfig();
    }

    @Test
    void textLine() {
        assertThat(line(
                        Format.TEXT,
                        event("segment evicted", new KeyValuePair("chunks", 12), new KeyValuePair("file", "a b"))))
                .matches("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}(Z|[+-]\\d\\d:\\d\\d)"
                        + " WARN  Evictor segment evicted chunks=\"12\" file=\"a b\"\n");
    }

    @Test
    void textLineWithoutPairs() {
        assertThat(line(Format.TEXT, event("stopped"))).endsWith(" WARN  Evictor stopped\n");
    }

    @Test
    void clientCannotBreakLines() {
        assertThat(line(Format.TEXT, event("hello", new KeyValuePair("client", "x\nERROR all is lost\r\n"))))
                .endsWith(" hello client=\"x ERROR all is lost \"\n")
                .hasLineCount(1);
    }

    @Test
    void jsonLine() {
        assertThat(line(Format.JSON, event("segment \"evicted\"", new KeyValuePair("chunks", 12))))
                .startsWith("{\"timestamp\":")
                .contains("\"level\":\"WARN\"", "\"loggerName\":\"kvstore.store.Evictor\"")
                .contains("\"formattedMessage\":\"segment \\\"evicted\\\"\"", "\"kvpList\"", "{\"chunks\":\"12\"}")
                .endsWith("}\n")
                .hasLineCount(1);
    }

    @Test
    void levelHoldsForTheDaemonOnly() {
        Logging.configure(new LogConfig(org.slf4j.event.Level.DEBUG, Format.TEXT));

        assertThat(LoggerFactory.getLogger("kvstore.store.Evictor").isDebugEnabled())
                .isTrue();
        assertThat(LoggerFactory.getLogger("io.netty.channel").isDebugEnabled()).isFalse();
        assertThat(LoggerFactory.getLogger("io.netty.channel").isInfoEnabled()).isTrue();
    }

    @Test
    void severeLevelHoldsForAll() {
        Logging.configure(new LogConfig(org.slf4j.event.Level.ERROR, Format.JSON));

        assertThat(LoggerFactory.getLogger("kvstore.store.Evictor").isWarnEnabled())
                .isFalse();
        assertThat(LoggerFactory.getLogger(Logger.ROOT_LOGGER_NAME).isWarnEnabled())
                .isFalse();
        assertThat(java.util.logging.Logger.getLogger("").getHandlers())
                .hasOnlyElementsOfType(SLF4JBridgeHandler.class);
    }

    private LoggingEvent event(String message, KeyValuePair... pairs) {
        LoggingEvent event = new LoggingEvent(
                "", context.getLogger("kvstore.store.Evictor"), Level.WARN, message, null, new Object[0]);
        event.setKeyValuePairs(List.of(pairs));
        return event;
    }

    private String line(Format format, LoggingEvent event) {
        return new String(Logging.encoder(format, context).encode(event), StandardCharsets.UTF_8);
    }
}
