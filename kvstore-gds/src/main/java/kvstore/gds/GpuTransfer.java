package kvstore.gds;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import kvstore.api.DeviceBuffer;
import kvstore.api.EngineFuture;
import kvstore.api.IoFailure;
import kvstore.api.IoFailure.Kind;
import kvstore.gds.PieceMover.Piece;
import org.jspecify.annotations.Nullable;

/**
 * One read or write of GPU memory: the future that its caller holds, and the pieces that threads of a lane move side by
 * side. It completes when no piece is under way any more; after the first failure, pieces that have not begun are skipped.
 */
final class GpuTransfer extends EngineFuture {
    private final GpuFile file;
    private final PieceMover mover;
    private final GpuStats stats;
    private final boolean reading;
    private final DeviceBuffer buffer;
    private final long offset;
    private final AtomicInteger piecesLeft = new AtomicInteger();
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();

    GpuTransfer(GpuFile file, PieceMover mover, GpuStats stats, boolean reading, DeviceBuffer buffer, long offset) {
        this.file = file;
        this.mover = mover;
        this.stats = stats;
        this.reading = reading;
        this.buffer = buffer;
        this.offset = offset;
    }

    /** Hands the pieces to the lane. The caller has acquired the file; the last piece releases it. */
    void start(GpuLane lane, int pieceBytes) {
        stats.submitted();
        long sizeBytes = buffer.sizeBytes();
        piecesLeft.set(Math.toIntExact((sizeBytes + pieceBytes - 1) / pieceBytes));
        for (long at = 0; at < sizeBytes; at += pieceBytes) {
            PieceTask piece = new PieceTask(at, (int) Math.min(pieceBytes, sizeBytes - at));
            if (!lane.submit(piece)) {
                piece.refuse();
            }
        }
    }

    /** Completes without having begun. */
    void reject(IoFailure why) {
        stats.submitted();
        stats.failed(why.kind());
        finish(why);
    }

    private void ended(@Nullable Throwable why) {
        if (why != null) {
            failure.compareAndSet(null, why);
        }
        if (piecesLeft.decrementAndGet() > 0) {
            return;
        }
        Throwable first = failure.get();
        if (first == null) {
            stats.succeeded();
        } else {
            stats.failed(first instanceof IoFailure known ? known.kind() : Kind.OTHER);
        }
        file.release();
        finish(first);
    }

    private final class PieceTask implements GpuTask {
        private final Piece piece;

        PieceTask(long at, int sizeBytes) {
            this.piece = new Piece(file, reading, buffer, at, offset + at, sizeBytes);
        }

        @Override
        public void run(GpuWorker worker) {
            Throwable why = null;
            if (failure.get() == null) {
                try {
                    mover.move(worker, piece, stats);
                } catch (IoFailure | RuntimeException | Error e) {
                    why = e;
                }
            }
            ended(why);
        }

        @Override
        public void refuse() {
            ended(new IoFailure(Kind.CLOSED, 0, "the engine of " + file + " is closed"));
        }
    }
}
