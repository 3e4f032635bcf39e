package kvstore.server.service;

import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import kvstore.api.IoFailure;
import kvstore.lustre.DatagramSender;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The process manager that started this daemon and wants to hear how it is: systemd, or what speaks its protocol. Where
 * none did, nothing is sent. A message that is not taken is logged, and the daemon goes on.
 *
 * <p>Source: sd_notify(3), "Standalone Implementations"; sd_watchdog_enabled(3).
 */
public final class ServiceManager implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(ServiceManager.class);

    private static final String SOCKET = "NOTIFY_SOCKET";
    private static final String WATCHDOG_MICROS = "WATCHDOG_USEC";
    private static final String WATCHDOG_PROCESS = "WATCHDOG_PID";

    private final Optional<DatagramSender> socket;
    private final Optional<Duration> watchdog;

    private ServiceManager(Optional<DatagramSender> socket, Optional<Duration> watchdog) {
        this.socket = socket;
        this.watchdog = watchdog;
    }

    /**
     * The one that set these variables of the environment.
     *
     * @param process this one's id
     */
    public static ServiceManager of(Map<String, String> environment, long process) {
        String path = environment.getOrDefault(SOCKET, "");
        if (path.isEmpty()) {
            return new ServiceManager(Optional.empty(), Optional.empty());
        }
        try {
            return new ServiceManager(Optional.of(DatagramSender.to(path)), watchdog(environment, process));
        } catch (IoFailure e) {
            log.atWarn().addKeyValue("reason", e.getMessage()).log("{} cannot be used; nobody is notified", SOCKET);
            return new ServiceManager(Optional.empty(), Optional.empty());
        }
    }

    private static Optional<Duration> watchdog(Map<String, String> environment, long process) {
        String micros = environment.getOrDefault(WATCHDOG_MICROS, "");
        String whose = environment.getOrDefault(WATCHDOG_PROCESS, "");
        if (micros.isEmpty() || !(whose.isEmpty() || whose.equals(Long.toString(process)))) {
            return Optional.empty();
        }
        try {
            long value = Long.parseLong(micros);
            return value > 0 ? Optional.of(Duration.ofNanos(TimeUnit.MICROSECONDS.toNanos(value))) : Optional.empty();
        } catch (NumberFormatException _) {
            log.atWarn().addKeyValue("value", micros).log("{} is no number; no watchdog", WATCHDOG_MICROS);
            return Optional.empty();
        }
    }

    /** Within how long it wants to hear of life, or it ends this process; empty if it does not care. */
    public Optional<Duration> watchdog() {
        return watchdog;
    }

    /** The daemon serves. */
    public void ready() {
        send("READY=1");
    }

    /** What it is doing, for people: one line. */
    public void status(String line) {
        send("STATUS=" + line.lines().findFirst().orElse(""));
    }

    /** The start takes longer, and is under way. */
    public void extendTimeout(Duration more) {
        send("EXTEND_TIMEOUT_USEC=" + TimeUnit.NANOSECONDS.toMicros(more.toNanos()));
    }

    /** The configuration is being read again; {@link #ready} ends it. */
    public void reloading() {
        // nanoTime is CLOCK_MONOTONIC here, which is the clock that is asked for
        send("RELOADING=1\nMONOTONIC_USEC=" + TimeUnit.NANOSECONDS.toMicros(System.nanoTime()));
    }

    /** The daemon drains and ends. */
    public void stopping() {
        send("STOPPING=1");
    }

    /** Everything that has to make progress does. */
    public void alive() {
        send("WATCHDOG=1");
    }

    private void send(String message) {
        socket.ifPresent(receiver -> {
            try {
                receiver.send(message);
            } catch (IoFailure e) {
                log.atWarn()
                        .addKeyValue("message", message)
                        .addKeyValue("reason", e.getMessage())
                        .log("the service manager was not notified");
            }
        });
    }

    @Override
    public void close() {
        socket.ifPresent(DatagramSender::close);
    }
}
