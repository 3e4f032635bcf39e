package kvstore.gds;

import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import kvstore.api.Breaker;
import kvstore.api.DeviceBuffer;
import kvstore.api.HostBuffer;
import kvstore.api.IoFailure;
import kvstore.api.IoFailure.Kind;
import kvstore.api.IoFile;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Moves one piece between a file and GPU memory, on the thread of a {@link GpuWorker}: by libcufile where that is in use,
 * else, and whenever libcufile refuses, by the engine underneath and pinned memory. Which errors are a caller's is left to
 * that engine: what both refuse fails as it says.
 */
final class PieceMover {
    private static final Logger LOG = LoggerFactory.getLogger(PieceMover.class);

    private static final int ERRNO_MAX = 4095;

    private final Breaker breaker;
    private final ConcurrentMap<String, Boolean> logged = new ConcurrentHashMap<>();

    /**
     * What is moved.
     *
     * @param bufferOffset where in the buffer
     * @param fileOffset where in the file
     * @param sizeBytes no more than a worker's slot has
     */
    record Piece(
            GpuFile file, boolean reading, DeviceBuffer buffer, long bufferOffset, long fileOffset, int sizeBytes) {
        long address() {
            return buffer.address() + bufferOffset;
        }
    }

    PieceMover(Breaker breaker) {
        this.breaker = breaker;
    }

    /** Moves a piece. When this returns the bytes are where they should be. */
    void move(GpuWorker worker, Piece piece, GpuStats stats) throws IoFailure {
        CuFileHandle handle = piece.file().handle();
        try {
            if (handle == null || !breaker.allows()) {
                byStaging(worker, piece);
                stats.moved(false, piece.sizeBytes());
            } else {
                tryCuFile(worker, handle, piece, stats);
            }
        } catch (CudaException e) {
            throw new IoFailure(
                    Kind.OTHER, 0, "GPU %d, %s: %s".formatted(piece.buffer().gpu(), piece.file(), e.getMessage()));
        }
    }

    private void tryCuFile(GpuWorker worker, CuFileHandle handle, Piece piece, GpuStats stats)
            throws CudaException, IoFailure {
        boolean decided = false;
        try {
            String refusal = byCuFile(worker, handle, piece);
            if (refusal == null) {
                breaker.succeeded();
                stats.moved(true, piece.sizeBytes());
            } else {
                stats.fellBack(refusal);
                logOnce(piece, refusal);
                byStaging(worker, piece);
                breaker.failed();
                stats.moved(false, piece.sizeBytes());
            }
            decided = true;
        } finally {
            if (!decided) {
                breaker.undecided();
            }
        }
    }

    /** Returns what libcufile said against it, or null if the bytes have been moved. */
    private static @Nullable String byCuFile(GpuWorker worker, CuFileHandle handle, Piece piece) throws CudaException {
        boolean direct = piece.buffer().direct();
        long base = direct ? piece.buffer().allocation() : worker.slot();
        long offset = direct ? piece.buffer().offset() + piece.bufferOffset() : 0;
        int sizeBytes = piece.sizeBytes();
        if (piece.reading()) {
            long moved = handle.read(base, sizeBytes, piece.fileOffset(), offset);
            if (moved == sizeBytes && !direct) {
                worker.cuda().copyOnDevice(piece.address(), worker.slot(), sizeBytes, worker.stream());
                worker.await();
            }
            return refusal(moved, sizeBytes);
        }
        if (!direct) {
            worker.cuda().copyOnDevice(worker.slot(), piece.address(), sizeBytes, worker.stream());
            worker.await();
        }
        return refusal(handle.write(base, sizeBytes, piece.fileOffset(), offset), sizeBytes);
    }

    private static @Nullable String refusal(long moved, int sizeBytes) {
        if (moved == sizeBytes) {
            return null;
        }
        if (moved >= 0) {
            return "short";
        }
        return moved >= -ERRNO_MAX ? "errno_" + -moved : Long.toString(-moved);
    }

    private static void byStaging(GpuWorker worker, Piece piece) throws CudaException, IoFailure {
        HostBuffer staged = new HostBuffer(worker.staging().asSlice(0, piece.sizeBytes()));
        IoFile base = piece.file().base();
        try {
            if (piece.reading()) {
                base.read(piece.fileOffset(), staged).join();
                worker.cuda().copyToDevice(piece.address(), staged.memory(), worker.stream());
                worker.await();
            } else {
                worker.cuda().copyToHost(staged.memory(), piece.address(), worker.stream());
                worker.await();
                base.write(piece.fileOffset(), staged).join();
            }
        } catch (CompletionException e) {
            if (e.getCause() instanceof IoFailure failure) {
                throw failure;
            }
            throw e;
        }
    }

    private void logOnce(Piece piece, String refusal) {
        if (logged.putIfAbsent(refusal, true) == null) {
            LOG.warn(
                    "cuFile refused to {} {} ({}), O_DIRECT takes over; further ones are only counted",
                    piece.reading() ? "read" : "write",
                    piece.file().file(),
                    refusal);
        }
    }
}
