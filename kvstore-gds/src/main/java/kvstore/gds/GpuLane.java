package kvstore.gds;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * A fixed number of {@link GpuWorker}s of one GPU and the tasks that wait for them. The number of threads is the bound on
 * requests under way. The queue has none: every task belongs to a buffer, and buffers are a fixed budget.
 */
final class GpuLane {
    private final BlockingQueue<GpuTask> tasks = new LinkedBlockingQueue<>();
    private final List<GpuWorker> workers = new ArrayList<>();
    private boolean closed;

    /** The context is current. The threads do not keep the process alive. */
    GpuLane(String name, Cuda cuda, long context, int threads, int slotBytes) throws CudaException {
        try {
            for (int i = 0; i < threads; i++) {
                workers.add(new GpuWorker(name + "-" + i, cuda, context, slotBytes, tasks));
            }
        } catch (CudaException e) {
            free();
            throw e;
        }
        workers.forEach(Thread::start);
    }

    /** What the threads' slots take together. */
    long slotBytes() {
        return workers.stream().mapToLong(worker -> worker.staging().byteSize()).sum();
    }

    List<GpuWorker> workers() {
        return workers;
    }

    /** Returns false if the lane is closed; the task is neither run nor refused then. */
    synchronized boolean submit(GpuTask task) {
        return !closed && tasks.add(task);
    }

    /** Takes nothing more. What was submitted still runs. */
    synchronized void stop() {
        if (!closed) {
            closed = true;
            workers.forEach(_ -> tasks.add(GpuWorker.STOP));
        }
    }

    /**
     * Waits for the threads after {@link #stop()}. Not interruptible: memory is still in use.
     *
     * @return whether all have ended; if not, tasks that never started have been refused
     */
    boolean awaitEnd(long deadlineNanos) {
        boolean interrupted = false;
        for (GpuWorker worker : workers) {
            long leftNanos = deadlineNanos - System.nanoTime();
            while (worker.isAlive() && leftNanos > 0) {
                try {
                    worker.join(leftNanos / 1_000_000 + 1);
                } catch (InterruptedException _) {
                    interrupted = true;
                }
                leftNanos = deadlineNanos - System.nanoTime();
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        boolean ended = workers.stream().noneMatch(Thread::isAlive);
        if (!ended) {
            List<GpuTask> stuck = new ArrayList<>();
            tasks.drainTo(stuck);
            stuck.forEach(GpuTask::refuse);
            // those that come back after all find the way out
            workers.forEach(_ -> tasks.add(GpuWorker.STOP));
        }
        return ended;
    }

    /** All threads have ended, and the context is current. */
    void free() throws CudaException {
        for (GpuWorker worker : workers) {
            worker.free();
        }
    }
}
