package kvstore.store;

import java.util.List;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;

/**
 * Background work as tasks of the {@link SimScheduler}. What somebody waits for with {@code join}, as a start does for its
 * scans, runs at once, because that waiting cannot be simulated.
 */
final class SimExecutor extends AbstractExecutorService {
    private static final long LOOK_AGAIN_NANOS = 100_000;

    private final SimScheduler scheduler;
    private int outstanding;
    private boolean shutdown;

    SimExecutor(SimScheduler scheduler) {
        this.scheduler = scheduler;
    }

    @Override
    public void execute(Runnable work) {
        scheduler.requireAlive();
        if (shutdown) {
            throw new RejectedExecutionException();
        }
        if (work instanceof CompletableFuture.AsynchronousCompletionTask) {
            work.run();
            return;
        }
        outstanding++;
        scheduler.spawn("background", true, () -> {
            try {
                work.run();
            } finally {
                outstanding--;
            }
        });
    }

    @Override
    public void close() {
        shutdown = true;
        while (outstanding > 0) {
            scheduler.await(scheduler.nanos() + LOOK_AGAIN_NANOS);
        }
    }

    @Override
    public void shutdown() {
        shutdown = true;
    }

    @Override
    public List<Runnable> shutdownNow() {
        shutdown = true;
        return List.of();
    }

    @Override
    public boolean isShutdown() {
        return shutdown;
    }

    @Override
    public boolean isTerminated() {
        return shutdown && outstanding == 0;
    }

    @Override
    public boolean awaitTermination(long timeout, TimeUnit unit) {
        close();
        return true;
    }
}
