package kvstore.server.scrub;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.IntSupplier;
import kvstore.server.config.ScrubConfig;
import kvstore.store.BadRecord;
import kvstore.store.ChunkStore;
import kvstore.store.ScrubControl;
import kvstore.store.ScrubReport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The scrubs of a daemon: the one in the background, and at most one that was asked for. Thread-safe. */
public final class Scrubs implements AutoCloseable {
    /** What an asked-for scrub is told. */
    public interface Watcher {
        /** After each record. */
        void seen(ScrubReport soFar);

        /** A record is not what was put. */
        void bad(BadRecord record);
    }

    private static final Logger log = LoggerFactory.getLogger(Scrubs.class);

    private final ChunkStore store;
    private final IntSupplier readsQueued;
    private final CountDownLatch stopping = new CountDownLatch(1);
    private final Semaphore asked = new Semaphore(1);
    private final LongAdder goodRecords = new LongAdder();
    private final LongAdder badRecords = new LongAdder();
    private final LongAdder unreadRecords = new LongAdder();
    private final LongAdder bytes = new LongAdder();
    private volatile long completedMillis;
    private volatile ScrubReport background = ScrubReport.NOTHING;
    private volatile boolean backgroundRuns;
    private Thread thread = Thread.ofVirtual().unstarted(() -> {});

    /** @param readsQueued reads that wait for the disk now; a scrub gives way to them */
    public Scrubs(ChunkStore store, IntSupplier readsQueued) {
        this.store = store;
        this.readsQueued = readsQueued;
    }

    /** Starts the one in the background, if there shall be one. Once. */
    public void start(ScrubConfig config) {
        config.bytesPerSecond().ifPresent(rate -> {
            thread = Thread.ofVirtual().name("kvstore-scrub").start(() -> passes(rate, config.interval()));
        });
    }

    /**
     * Scrubs once, and blocks until that has ended.
     *
     * @param bytesPerSecond 0 for no limit
     * @param drop forgets what is bad, instead of only reporting it
     * @param cancelled is asked now and then
     * @throws IllegalStateException if another one that was asked for is under way
     */
    public ScrubReport run(long bytesPerSecond, boolean drop, BooleanSupplier cancelled, Watcher watcher) {
        if (!asked.tryAcquire()) {
            throw new IllegalStateException("a scrub is running already; wait for its end");
        }
        try {
            return scrub(bytesPerSecond, drop, cancelled, watcher::seen, watcher::bad);
        } finally {
            asked.release();
        }
    }

    /** Those seen since the start, all scrubs together. */
    public long goodRecords() {
        return goodRecords.sum();
    }

    /** Records that were not what had been put. */
    public long badRecords() {
        return badRecords.sum();
    }

    /** Records that the file system would not read. */
    public long unreadRecords() {
        return unreadRecords.sum();
    }

    /** What was read. */
    public long bytes() {
        return bytes.sum();
    }

    /** When a scrub last came to its end, since 1970; 0 for never since the start. */
    public long completedMillis() {
        return completedMillis;
    }

    /** Whether one runs in the background now. */
    public boolean backgroundRuns() {
        return backgroundRuns;
    }

    /** How far the one in the background is, or got the last time. */
    public ScrubReport background() {
        return background;
    }

    /** Makes all end soon, without waiting for that. */
    public void stop() {
        stopping.countDown();
    }

    /** Ends all. The store may be closed afterwards. */
    @Override
    public void close() {
        stop();
        asked.acquireUninterruptibly();
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException _) {
                interrupted = true; // the store must not be closed under it
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void passes(long bytesPerSecond, Duration interval) {
        boolean goOn = true;
        while (goOn) {
            long begin = System.nanoTime();
            backgroundRuns = true;
            ScrubReport report = scrub(bytesPerSecond, true, () -> false, seen -> background = seen, _ -> {});
            background = report;
            backgroundRuns = false;
            if (report.complete()) {
                log.atInfo()
                        .addKeyValue("records", report.records())
                        .addKeyValue("bytes", report.bytes())
                        .addKeyValue("bad_records", report.badRecords())
                        .addKeyValue("unread_records", report.unreadRecords())
                        .addKeyValue(
                                "millis",
                                Duration.ofNanos(System.nanoTime() - begin).toMillis())
                        .log("scrub complete");
            }
            goOn = pause(Math.max(0, interval.toNanos() - (System.nanoTime() - begin)));
        }
    }

    private ScrubReport scrub(
            long bytesPerSecond,
            boolean drop,
            BooleanSupplier cancelled,
            Consumer<ScrubReport> seen,
            Consumer<BadRecord> bad) {
        Pace pace = new Pace(
                bytesPerSecond, readsQueued, System::nanoTime, nanos -> pause(nanos) && !cancelled.getAsBoolean());
        ScrubReport report = store.scrub(drop, new ScrubControl() {
            private ScrubReport before = ScrubReport.NOTHING;

            @Override
            public boolean mayRead(long wanted) {
                return pace.mayRead(wanted);
            }

            @Override
            public void seen(ScrubReport soFar) {
                count(before, soFar);
                before = soFar;
                seen.accept(soFar);
            }

            @Override
            public void bad(BadRecord record) {
                bad.accept(record);
            }
        });
        if (report.complete()) {
            completedMillis = System.currentTimeMillis();
        }
        return report;
    }

    private void count(ScrubReport before, ScrubReport now) {
        bytes.add(now.bytes() - before.bytes());
        badRecords.add(now.badRecords() - before.badRecords());
        unreadRecords.add(now.unreadRecords() - before.unreadRecords());
        goodRecords.add((now.records() - now.badRecords()) - (before.records() - before.badRecords()));
    }

    /** False if the daemon stops. */
    private boolean pause(long nanos) {
        try {
            return !stopping.await(nanos, TimeUnit.NANOSECONDS);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
