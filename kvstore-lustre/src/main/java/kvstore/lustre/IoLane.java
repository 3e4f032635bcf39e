package kvstore.lustre;

import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * One direction of traffic: a fixed number of platform threads, the operations that wait for them, and its figures.
 *
 * <p>Platform threads, because a native call holds on to whatever carries it, and a hung server holds it for minutes.
 * The queue has no bound of its own: every operation brings a buffer, and buffers are a fixed budget.
 */
final class IoLane {
    private final IoStats stats = new IoStats();
    private final ThreadPoolExecutor threads;

    /** The threads are named {@code name-0}, {@code name-1} and so on. They do not keep the process alive. */
    IoLane(String name, int threadCount) {
        threads = new ThreadPoolExecutor(
                threadCount, threadCount, 0, TimeUnit.NANOSECONDS, new LinkedBlockingQueue<>(), new Workers(name));
        threads.prestartAllCoreThreads();
    }

    /** Adds threads until there are this many; never takes any away. */
    synchronized void growTo(int threadCount) {
        if (threadCount > threads.getCorePoolSize()) {
            threads.setMaximumPoolSize(threadCount);
            threads.setCorePoolSize(threadCount);
            threads.prestartAllCoreThreads();
        }
    }

    IoStats stats() {
        return stats;
    }

    /** Whether the calling thread belongs to a lane, so that it must not wait for one. */
    static boolean isCurrentThread() {
        return Thread.currentThread() instanceof Worker;
    }

    /** Returns false if the lane is closed; the operation will not run then. */
    boolean submit(Runnable operation) {
        stats.submitted();
        try {
            threads.execute(operation);
            return true;
        } catch (RejectedExecutionException _) {
            stats.refused();
            return false;
        }
    }

    /** Waits until everything submitted has ended. Not interruptible: the memory under way is still in use. */
    void close() {
        threads.shutdown();
        boolean interrupted = false;
        boolean ended = false;
        while (!ended) {
            try {
                ended = threads.awaitTermination(Long.MAX_VALUE, TimeUnit.NANOSECONDS);
            } catch (InterruptedException _) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private static final class Workers implements ThreadFactory {
        private final String name;
        private int started;

        Workers(String name) {
            this.name = name;
        }

        @Override
        public synchronized Thread newThread(Runnable work) {
            Thread thread = new Worker(work, name + "-" + started++);
            thread.setDaemon(true);
            return thread;
        }
    }

    private static final class Worker extends Thread {
        Worker(Runnable work, String name) {
            super(work, name);
        }
    }
}
