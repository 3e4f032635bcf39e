package kvstore.store;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Does something every second, on a thread of its own: it may hang as long as the file system does. */
final class Heartbeat implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Heartbeat.class);
    private static final long PERIOD_MILLIS = 1000;

    private final CountDownLatch stopped = new CountDownLatch(1);
    private final Thread thread;

    private Heartbeat(Runnable beat) {
        thread = Thread.ofPlatform().daemon().name("kvstore-heartbeat").unstarted(() -> run(beat));
    }

    static Heartbeat start(Runnable beat) {
        Heartbeat heartbeat = new Heartbeat(beat);
        heartbeat.thread.start();
        return heartbeat;
    }

    private void run(Runnable beat) {
        try {
            while (!stopped.await(PERIOD_MILLIS, TimeUnit.MILLISECONDS)) {
                try {
                    beat.run();
                } catch (RuntimeException e) {
                    LOG.error("the store's heartbeat failed by a mistake in this program", e);
                }
            }
        } catch (InterruptedException _) {
            // nobody interrupts it but a JVM that ends
        }
    }

    /** Returns when no beat is under way. */
    @Override
    public void close() {
        stopped.countDown();
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException _) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
