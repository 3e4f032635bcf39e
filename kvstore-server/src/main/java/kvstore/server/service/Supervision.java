package kvstore.server.service;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the {@link ServiceManager} informed through a daemon's life: that a start which recovers much is under way, that
 * the daemon serves, that its threads make progress, that it ends. All methods are called by one thread at a time.
 */
public final class Supervision implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Supervision.class);

    /** How much more time a start asks for, and how often. */
    private static final Duration EXTENSION = Duration.ofSeconds(30);

    private static final Duration EXTENSION_INTERVAL = Duration.ofSeconds(10);

    /** How often the status line is renewed where no watchdog says. */
    private static final Duration STATUS_INTERVAL = Duration.ofSeconds(15);

    /** So often in the time that the watchdog gives, so that one late beat ends nothing. */
    private static final int BEATS = 3;

    private final ServiceManager manager;
    private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("supervision").factory());
    private @Nullable ScheduledFuture<?> current;

    public Supervision(ServiceManager manager) {
        this.manager = manager;
    }

    /** The daemon begins to start, which may take as long as it does. */
    public void starting() {
        manager.status("starting: the store is being recovered");
        every(EXTENSION_INTERVAL, () -> manager.extendTimeout(EXTENSION));
    }

    /**
     * The daemon serves.
     *
     * @param threads what has to make progress, by name
     * @param status what it does, for people
     */
    public void serving(Map<String, Executor> threads, Supplier<String> status) {
        Heartbeat heartbeat = new Heartbeat(threads);
        manager.status(status.get());
        manager.ready();
        Duration interval =
                manager.watchdog().map(limit -> limit.dividedBy(BEATS)).orElse(STATUS_INTERVAL);
        every(interval, () -> beat(heartbeat, status));
    }

    private void beat(Heartbeat heartbeat, Supplier<String> status) {
        List<String> silent = heartbeat.beat();
        if (silent.isEmpty()) {
            if (manager.watchdog().isPresent()) {
                manager.alive();
            }
            manager.status(status.get());
        } else {
            log.atError()
                    .addKeyValue("threads", silent)
                    .log("threads make no progress; the watchdog is not told of life");
        }
    }

    /**
     * The configuration is read again.
     *
     * @param work reads it; blocks
     */
    public void reloading(Runnable work) {
        manager.reloading();
        try {
            work.run();
        } finally {
            manager.ready();
        }
    }

    /** The daemon drains and ends. */
    public void stopping() {
        if (current != null) {
            current.cancel(false);
        }
        manager.status("stopping: what is under way may end");
        manager.stopping();
    }

    private void every(Duration interval, Runnable work) {
        if (current != null) {
            current.cancel(false);
        }
        long nanos = interval.toNanos();
        current = clock.scheduleAtFixedRate(
                () -> {
                    try {
                        work.run();
                    } catch (RuntimeException | Error e) {
                        log.atError().setCause(e).log("supervision failed by a mistake in this program");
                    }
                },
                nanos,
                nanos,
                TimeUnit.NANOSECONDS);
    }

    @Override
    public void close() {
        clock.shutdownNow();
        manager.close();
    }
}
