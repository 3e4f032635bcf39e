package kvstore.server.command;

import java.time.Duration;
import kvstore.client.cli.ExitCode;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Turns SIGTERM and SIGINT into a clean stop.
 *
 * <p>Java ends with 128 plus the signal's number once all hooks have run, and a supervisor would take that for a crash. So
 * the hook ends the process itself, with 0.
 */
final class StopSignal {
    private static final Logger LOG = LoggerFactory.getLogger(StopSignal.class);

    /** What may be needed beyond the drain: sealing the open segment and closing files. */
    private static final Duration GRACE = Duration.ofSeconds(10);

    private final Thread hook;

    private StopSignal(Thread hook) {
        this.hook = hook;
    }

    /** Runs {@code stop}, which takes about {@code drainTimeout}, when the process is told to end. */
    static StopSignal install(Runnable stop, Duration drainTimeout) {
        Duration limit = drainTimeout.plus(GRACE);
        Thread hook = Thread.ofPlatform()
                .name("stop-signal")
                .unstarted(() -> Runtime.getRuntime().halt(stop(stop, limit)));
        Runtime.getRuntime().addShutdownHook(hook);
        return new StopSignal(hook);
    }

    /** Lets the process end with its own exit code again, unless it was told to end already. */
    void remove() {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException _) {
            // the hook runs: its exit code counts
        }
    }

    /** The exit code of a process that was stopped so. */
    static int stop(Runnable stop, Duration limit) {
        Thread stopper = Thread.ofPlatform().daemon().name("stop").start(stop);
        try {
            if (stopper.join(limit)) {
                return ExitCode.OK.code();
            }
        } catch (InterruptedException _) {
            // only a second attempt to stop would do that
        }
        LOG.atError().addKeyValue("limit", limit).log("did not stop in time; ending anyway");
        return ExitCode.FAILED.code();
    }
}
