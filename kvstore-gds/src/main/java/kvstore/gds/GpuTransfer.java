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

    /** Hands the first piece to the lane. The caller has acquired the file; the last piece to end releases it. */
    void start(GpuLane lane, int pieceBytes) {
        stats.submitted();
        int pieces = Math.toIntExact((buffer.sizeBytes() + pieceBytes - 1) / pieceBytes);
        piecesLeft.set(pieces);
        PieceTask first = new PieceTask(lane, pieceBytes, pieces, 0);
        if (!lane.submit(first)) {
            first.refuse();
        }
    }

    /** Completes without having begun. */
    void reject(IoFailure why) {
        stats.submitted();
        stats.failed(why.kind());
        finish(why);
    }

    private void ended(int pieces, @Nullable Throwable why) {
        if (why != null) {
            failure.compareAndSet(null, why);
        }
        if (piecesLeft.addAndGet(-pieces) > 0) {
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

    /**
     * A piece in the lane's queue. The next one is queued when this one begins: threads that are idle take all pieces at
     * once, and where transfers wait for threads they take turns, so that a large one does not fill them with requests to
     * one file.
     */
    private final class PieceTask implements GpuTask {
        private final GpuLane lane;
        private final int pieceBytes;
        private final int pieces;
        private final int index;

        PieceTask(GpuLane lane, int pieceBytes, int pieces, int index) {
            this.lane = lane;
            this.pieceBytes = pieceBytes;
            this.pieces = pieces;
            this.index = index;
        }

        @Override
        public void run(GpuWorker worker) {
            boolean handedOn = false;
            for (int i = index; i < pieces && !handedOn; i++) {
                // a lane that has closed meanwhile takes no more: what was accepted is then done here to its end
                handedOn = i + 1 < pieces && lane.submit(new PieceTask(lane, pieceBytes, pieces, i + 1));
                ended(1, move(worker, i));
            }
        }

        private @Nullable Throwable move(GpuWorker worker, int i) {
            if (failure.get() != null) {
                return null;
            }
            long at = (long) i * pieceBytes;
            int sizeBytes = (int) Math.min(pieceBytes, buffer.sizeBytes() - at);
            try {
                mover.move(worker, new Piece(file, reading, buffer, at, offset + at, sizeBytes), stats);
                return null;
            } catch (IoFailure | RuntimeException | Error e) {
                return e;
            }
        }

        /** Ends this piece and all that would have come after it. */
        @Override
        public void refuse() {
            ended(pieces - index, new IoFailure(Kind.CLOSED, 0, "the engine of " + file + " is closed"));
        }
    }
}
