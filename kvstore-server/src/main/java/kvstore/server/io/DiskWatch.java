package kvstore.server.io;

import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Looks at the clock for {@link Traffic}, lets a disk that is left alone be probed, and tells the log about both. */
final class DiskWatch implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(DiskWatch.class);

    private final Traffic traffic;
    private final DiskProbe probe;
    private final Consumer<Boolean> readable;
    private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().name("kvstore-io-watch").daemon().factory());
    private final AtomicBoolean probing = new AtomicBoolean();
    private boolean readsOpen;
    private boolean writesOpen;

    DiskWatch(Traffic traffic, DiskProbe probe, Consumer<Boolean> readable) {
        this.readable = readable;
        this.traffic = traffic;
        this.probe = probe;
    }

    void start(Duration interval) {
        var _ = clock.scheduleWithFixedDelay(this::look, interval.toNanos(), interval.toNanos(), TimeUnit.NANOSECONDS);
    }

    /** One look. */
    void look() {
        try {
            traffic.look();
            boolean readsWereOpen = readsOpen;
            readsOpen = tell(traffic.reads(), readsOpen);
            if (readsOpen != readsWereOpen) {
                readable.accept(!readsOpen);
            }
            writesOpen = tell(traffic.writes(), writesOpen);
            if (traffic.wantsProbe() && probing.compareAndSet(false, true)) {
                // of its own, because it may hang for as long as the disk does; never a second one beside it
                Thread.ofPlatform().name("kvstore-io-probe").daemon().start(this::probe);
            }
        } catch (RuntimeException | Error e) {
            log.atError().setCause(e).log("the disk is not watched at the moment, by a mistake in this program");
        }
    }

    private void probe() {
        try {
            probe.run();
        } finally {
            probing.set(false);
        }
    }

    private boolean tell(Flow flow, boolean wasOpen) {
        FlowStats stats = traffic.stats(flow);
        if (stats.open() && !wasOpen) {
            log.atWarn()
                    .addKeyValue("direction", flow.name())
                    .addKeyValue("reason", stats.trouble())
                    .addKeyValue("overdue", stats.overdue())
                    .log("the disk is left alone until it answers again");
        } else if (!stats.open() && wasOpen) {
            log.atInfo()
                    .addKeyValue("direction", flow.name())
                    .addKeyValue("refused_since_start", stats.refused())
                    .log("the disk answers again");
        }
        return stats.open();
    }

    /** Does not wait for a probe that hangs. */
    @Override
    public void close() {
        clock.shutdownNow();
        if (probing.compareAndSet(false, true)) {
            probe.drop();
        }
    }
}
