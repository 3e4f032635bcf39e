package kvstore.gds;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.BlockingQueue;
import kvstore.api.Blocks;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A thread with a GPU's context, and what only it uses there: a stream, a slot of GPU memory, and pinned host memory of the
 * same size to stage through. A task has all three to itself while it runs, so memory is bounded by the number of threads.
 */
final class GpuWorker extends Thread {
    private static final Logger LOG = LoggerFactory.getLogger(GpuWorker.class);

    /** Ends the thread that takes it. */
    static final GpuTask STOP = new GpuTask() {
        @Override
        public void run(GpuWorker worker) {}

        @Override
        public void refuse() {}
    };

    private final Cuda cuda;
    private final long context;
    private final BlockingQueue<GpuTask> tasks;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment staging;
    private final long slot;
    private final long stream;

    /** Its context is current. After a failure nothing is left behind. */
    GpuWorker(String name, Cuda cuda, long context, int slotBytes, BlockingQueue<GpuTask> tasks) throws CudaException {
        super(name);
        setDaemon(true);
        this.cuda = cuda;
        this.context = context;
        this.tasks = tasks;
        this.staging = arena.allocate(slotBytes, Blocks.BLOCK_BYTES);
        long createdStream = 0;
        long allocated = 0;
        try {
            createdStream = cuda.createStream();
            allocated = cuda.allocate(slotBytes);
            cuda.pin(staging);
        } catch (CudaException e) {
            if (allocated != 0) {
                cuda.free(allocated);
            }
            if (createdStream != 0) {
                cuda.destroyStream(createdStream);
            }
            arena.close();
            throw e;
        }
        this.stream = createdStream;
        this.slot = allocated;
    }

    @Override
    public void run() {
        try {
            cuda.makeCurrent(context);
        } catch (CudaException e) {
            // every task will say the same; they must still be answered
            LOG.error("{} has no GPU context: {}", getName(), e.getMessage());
        }
        try {
            for (GpuTask task = tasks.take(); task != STOP; task = tasks.take()) {
                task.run(this);
            }
        } catch (InterruptedException _) {
            // nobody interrupts these threads: a request that was under way would be lost
            LOG.error("{} was interrupted and ends", getName());
        }
    }

    Cuda cuda() {
        return cuda;
    }

    long stream() {
        return stream;
    }

    /** Address of GPU memory of this thread's own. */
    long slot() {
        return slot;
    }

    /** Pinned host memory of the slot's size, aligned for direct I/O. */
    MemorySegment staging() {
        return staging;
    }

    /** Waits for what this thread has started on the GPU. */
    void await() throws CudaException {
        cuda.synchronize(stream);
    }

    /** The thread has ended, and its context is current on the calling one. */
    void free() throws CudaException {
        cuda.unpin(staging);
        arena.close();
        cuda.free(slot);
        cuda.destroyStream(stream);
    }
}
