package kvstore.gds;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.stream.Stream;
import kvstore.api.BlockChecksums;
import kvstore.api.Blocks;
import kvstore.api.IoFailure;
import kvstore.api.IoFailure.Kind;

/**
 * One GPU: the context that this process shares there, threads for reads, writes and everything else, and the checksum
 * kernel. Thread-safe. What is called from outside, also by virtual threads, runs on threads of its own.
 */
final class Gpu {
    /** Checksums, copies and mappings are short; two threads let one be prepared while another runs. */
    private static final int WORK_THREADS = 2;

    /** Room for the checksums of 16 GiB, and a stage for copies. */
    private static final int WORK_SLOT_BYTES = 1 << 20;

    private static final long START_FAILED_NANOS = 10_000_000_000L;

    private final Cuda cuda;
    private final int device;
    private final int ordinal;
    private final UUID uuid;
    private final String name;
    private final long context;
    private final GpuLane reads;
    private final GpuLane writes;
    private final GpuLane work;
    private final ChecksumKernel kernel;
    private final IpcMappings mappings = new IpcMappings(this);

    /** Something that needs the GPU's context. */
    interface Call<T> {
        T run(GpuWorker worker) throws CudaException, IoFailure;
    }

    /** As {@link Call}, without a result. */
    interface Action {
        void run(GpuWorker worker) throws CudaException, IoFailure;
    }

    private Gpu(
            Cuda cuda,
            int device,
            int ordinal,
            long context,
            GpuLane reads,
            GpuLane writes,
            GpuLane work,
            ChecksumKernel kernel)
            throws CudaException {
        this.cuda = cuda;
        this.device = device;
        this.ordinal = ordinal;
        this.uuid = cuda.deviceUuid(device);
        this.name = cuda.deviceName(device);
        this.context = context;
        this.reads = reads;
        this.writes = writes;
        this.work = work;
        this.kernel = kernel;
    }

    /**
     * Takes everything that is needed on a GPU, on a platform thread.
     *
     * @param ordinal of those that the process sees
     */
    static Gpu open(Cuda cuda, int ordinal, GdsConfig config) throws CudaException {
        int device = cuda.device(ordinal);
        long context = cuda.retainPrimaryContext(device);
        cuda.makeCurrent(context);
        List<GpuLane> lanes = new ArrayList<>();
        try {
            String prefix = "kvstore-gpu" + ordinal;
            int slotBytes = config.pieceBytes();
            lanes.add(new GpuLane(prefix + "-read", cuda, context, config.readThreads(), slotBytes));
            lanes.add(new GpuLane(prefix + "-write", cuda, context, config.writeThreads(), slotBytes));
            lanes.add(new GpuLane(prefix + "-work", cuda, context, WORK_THREADS, WORK_SLOT_BYTES));
            ChecksumKernel kernel = ChecksumKernel.load(cuda, lanes.get(2).workers().getFirst().stream());
            return new Gpu(cuda, device, ordinal, context, lanes.get(0), lanes.get(1), lanes.get(2), kernel);
        } catch (CudaException e) {
            lanes.forEach(GpuLane::stop);
            for (GpuLane lane : lanes) {
                // nothing was submitted, so the threads are on their way out
                if (lane.awaitEnd(System.nanoTime() + START_FAILED_NANOS)) {
                    lane.free();
                }
            }
            cuda.releasePrimaryContext(device);
            throw e;
        } finally {
            cuda.makeCurrent(0);
        }
    }

    int ordinal() {
        return ordinal;
    }

    UUID uuid() {
        return uuid;
    }

    String name() {
        return name;
    }

    GpuLane lane(boolean reading) {
        return reading ? reads : writes;
    }

    ChecksumKernel kernel() {
        return kernel;
    }

    /** What other processes share of it. */
    IpcMappings mappings() {
        return mappings;
    }

    /** The threads with the slots that files are read into and written from. */
    Stream<GpuWorker> slots() {
        return Stream.concat(reads.workers().stream(), writes.workers().stream());
    }

    /** Memory of the slots of all threads in bytes, of which each has as much pinned host memory. */
    long slotBytes() {
        return Stream.of(reads, writes, work).mapToLong(GpuLane::slotBytes).sum();
    }

    /** The checksums of GPU memory, computed there. */
    BlockChecksums checksums(long address, long lengthBytes) throws IoFailure {
        if (lengthBytes == 0) {
            return BlockChecksums.of(new int[0]);
        }
        return call(worker -> {
            MemorySegment crcs = worker.staging().asSlice(0, Blocks.count(lengthBytes) * Integer.BYTES);
            kernel.start(address, lengthBytes, worker.slot(), worker.stream());
            cuda.copyToHost(crcs, worker.slot(), worker.stream());
            worker.await();
            return BlockChecksums.of(crcs.toArray(ValueLayout.JAVA_INT));
        });
    }

    /** Copies GPU memory to host memory of any kind. */
    void copyToHost(MemorySegment destination, long source) throws IoFailure {
        run(worker -> {
            MemorySegment staging = worker.staging();
            for (long done = 0; done < destination.byteSize(); done += staging.byteSize()) {
                MemorySegment piece = staging.asSlice(0, Math.min(staging.byteSize(), destination.byteSize() - done));
                cuda.copyToHost(piece, source + done, worker.stream());
                worker.await();
                MemorySegment.copy(piece, 0, destination, done, piece.byteSize());
            }
        });
    }

    /** Copies host memory of any kind to GPU memory. */
    void copyToDevice(long destination, MemorySegment source) throws IoFailure {
        run(worker -> {
            MemorySegment staging = worker.staging();
            for (long done = 0; done < source.byteSize(); done += staging.byteSize()) {
                MemorySegment piece = staging.asSlice(0, Math.min(staging.byteSize(), source.byteSize() - done));
                MemorySegment.copy(source, done, piece, 0, piece.byteSize());
                cuda.copyToDevice(destination + done, piece, worker.stream());
                worker.await();
            }
        });
    }

    void run(Action action) throws IoFailure {
        Boolean _ = call(worker -> {
            action.run(worker);
            return true;
        });
    }

    /** Runs something with the GPU's context and waits for it. */
    <T> T call(Call<T> call) throws IoFailure {
        return callOn(work, call);
    }

    /** As {@link #call}, on a thread whose slot files are read into or written from. */
    <T> T callOn(GpuLane lane, Call<T> call) throws IoFailure {
        CompletableFuture<T> result = new CompletableFuture<>();
        boolean accepted = lane.submit(new GpuTask() {
            @Override
            public void run(GpuWorker worker) {
                try {
                    result.complete(call.run(worker));
                } catch (CudaException e) {
                    result.completeExceptionally(
                            new IoFailure(Kind.OTHER, 0, "GPU " + ordinal + ": " + e.getMessage()));
                } catch (IoFailure | RuntimeException | Error e) {
                    result.completeExceptionally(e);
                }
            }

            @Override
            public void refuse() {
                result.completeExceptionally(closed());
            }
        });
        if (!accepted) {
            throw closed();
        }
        try {
            return result.join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof IoFailure failure) {
                throw failure;
            }
            throw e;
        }
    }

    private IoFailure closed() {
        return new IoFailure(Kind.CLOSED, 0, "GPU " + ordinal + " is closed");
    }

    /** Runs something with the context on the calling thread, a platform thread that has none of its own. */
    void onThisThread(Runnable action) throws CudaException {
        cuda.makeCurrent(context);
        try {
            action.run();
        } finally {
            cuda.makeCurrent(0);
        }
    }

    /** Takes nothing more; what is under way goes on. */
    void stop() {
        reads.stop();
        writes.stop();
        work.stop();
    }

    /** Waits after {@link #stop()}; returns whether everything has ended. */
    boolean awaitEnd(long deadlineNanos) {
        boolean ended = reads.awaitEnd(deadlineNanos);
        ended &= writes.awaitEnd(deadlineNanos);
        ended &= work.awaitEnd(deadlineNanos);
        return ended;
    }

    /** Gives everything back. All threads have ended, and no library knows the slots any more. */
    void free() throws CudaException {
        cuda.makeCurrent(context);
        try {
            kernel.unload();
            reads.free();
            writes.free();
            work.free();
        } finally {
            cuda.makeCurrent(0);
            cuda.releasePrimaryContext(device);
        }
    }

    @Override
    public String toString() {
        return "GPU " + ordinal + " (" + name + ", " + uuid + ")";
    }
}
