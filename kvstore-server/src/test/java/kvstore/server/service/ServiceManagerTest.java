package kvstore.server.service;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(value = 1, unit = TimeUnit.MINUTES)
final class ServiceManagerTest {
    private static final long PROCESS = 4711;

    @TempDir
    private Path directory;

    @Test
    void speaksToASocketWithAPath() throws Exception {
        speaksTo(directory.resolve("notify").toString());
    }

    @Test
    void speaksToAnAbstractSocket() throws Exception {
        speaksTo("@kvstore-test-" + UUID.randomUUID());
    }

    private static void speaksTo(String path) throws InterruptedException {
        try (NotifySocket socket = new NotifySocket(path);
                ServiceManager manager = ServiceManager.of(Map.of("NOTIFY_SOCKET", path), PROCESS)) {
            manager.extendTimeout(Duration.ofSeconds(30));
            assertThat(socket.next()).isEqualTo("EXTEND_TIMEOUT_USEC=30000000");
            manager.status("serving\nREADY=1");
            assertThat(socket.next()).as("one line, whatever it says").isEqualTo("STATUS=serving");
            manager.ready();
            assertThat(socket.next()).isEqualTo("READY=1");
            manager.alive();
            assertThat(socket.next()).isEqualTo("WATCHDOG=1");
            manager.reloading();
            assertThat(socket.next()).matches("RELOADING=1\nMONOTONIC_USEC=\\d+");
            manager.stopping();
            assertThat(socket.next()).isEqualTo("STOPPING=1");
        }
    }

    @Test
    void withoutOneNothingIsSaid() {
        try (ServiceManager manager = ServiceManager.of(Map.of(), PROCESS)) {
            manager.ready();
            assertThat(manager.watchdog()).isEmpty();
        }
    }

    /** The last one is nobody's. */
    @ParameterizedTest
    @ValueSource(strings = {"relative", "/", "@", "/nowhere/notify"})
    void aSocketThatDoesNotWorkStopsNobody(String path) {
        try (ServiceManager manager = ServiceManager.of(Map.of("NOTIFY_SOCKET", path), PROCESS)) {
            manager.ready();
        }
    }

    @ParameterizedTest
    @CsvSource({
        "30000000, 4711, PT30S",
        "30000000, '', PT30S",
        "30000000, 1, PT0S",
        "0, 4711, PT0S",
        "soon, 4711, PT0S",
        "'', 4711, PT0S"
    })
    void theWatchdogIsForThisProcessOnly(String micros, String process, Duration expected) {
        Map<String, String> environment = Map.of(
                "NOTIFY_SOCKET", directory.resolve("notify").toString(),
                "WATCHDOG_USEC", micros,
                "WATCHDOG_PID", process);
        try (ServiceManager manager = ServiceManager.of(environment, PROCESS)) {
            assertThat(manager.watchdog().orElse(Duration.ZERO)).isEqualTo(expected);
        }
    }
}
