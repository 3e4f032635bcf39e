package kvstore.server.lm;

import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.io.Serial;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import kvstore.api.ChunkKey;
import kvstore.server.metrics.Direction;
import kvstore.server.metrics.LmOutcome;
import kvstore.server.transfer.ChunkRead;
import kvstore.server.transfer.ReadAhead;
import kvstore.server.transfer.SocketOutlet;
import kvstore.server.transfer.Transfers;
import kvstore.v1.MissReason;
import org.jspecify.annotations.Nullable;

/**
 * One GET. The reply's header promises a length, so it goes out only when the first pieces of the value, as many as there is
 * memory for without waiting, have proven to be right; a piece behind them that is bad can only end the connection.
 */
final class LmGet {
    /** How much of a slab is one write: the measure of a client's progress. */
    private static final long WRITE_BYTES = 1024 * 1024;

    private final Transfers transfers;
    private final LmRequest request;
    private final ByteBufAllocator allocator;
    private final SocketOutlet outlet;
    private final CompletableFuture<Void> gone;

    /** Of the stored value, metadata included. */
    private long sentBytes;

    /** @param gone completes when the client goes */
    LmGet(
            Transfers transfers,
            LmRequest request,
            ByteBufAllocator allocator,
            SocketOutlet outlet,
            CompletableFuture<Void> gone) {
        this.transfers = transfers;
        this.request = request;
        this.allocator = allocator;
        this.outlet = outlet;
        this.gone = gone;
    }

    /** What a value turned out to be after its length was sent. */
    static final class SpoiltException extends IOException {
        @Serial
        private static final long serialVersionUID = 1L;

        SpoiltException(MissReason reason) {
            super("a value could not be read to its end after its first bytes had been sent: " + reason);
        }
    }

    /** The way of a GET. Blocks. */
    LmOutcome run() throws IOException, InterruptedException {
        ChunkKey key = request.key();
        if (key == null) {
            return miss();
        }
        transfers.metrics().transferBegan(Direction.GET);
        try (ReadAhead ahead = new ReadAhead(transfers, List.of(key), List.of())) {
            ChunkRead.Piece first = ahead.next();
            if (first == null) {
                throw new IllegalStateException("one key was asked for, and none was answered");
            }
            return send(ahead, first);
        } finally {
            transfers.metrics().transferEnded(Direction.GET);
        }
    }

    private LmOutcome send(ReadAhead ahead, ChunkRead.Piece first) throws IOException, InterruptedException {
        ChunkRead chunk = first.chunk();
        List<ChunkRead.Piece> held = new ArrayList<>(List.of(first));
        try {
            MissReason miss = verify(first);
            for (ChunkRead.Piece next = furtherPiece(ahead, held, miss);
                    next != null;
                    next = furtherPiece(ahead, held, miss)) {
                held.add(next);
                miss = verify(next);
            }
            if (miss == MissReason.MISS_REASON_UNSPECIFIED
                    && chunk.length() < request.form().metadataBytes()) {
                miss = MissReason.MISS_REASON_OTHER_LENGTH;
            }
            if (miss != MissReason.MISS_REASON_UNSPECIFIED) {
                chunk.miss(miss);
                return miss();
            }
            sendHeld(chunk, held);
            sendRest(ahead, chunk);
            chunk.hit();
            return LmOutcome.HIT;
        } finally {
            held.forEach(ChunkRead.Piece::close);
            chunk.close();
        }
    }

    /** One more piece to prove before the header goes out; null if there is none, or no memory for it now. */
    private ChunkRead.@Nullable Piece furtherPiece(ReadAhead ahead, List<ChunkRead.Piece> held, MissReason miss)
            throws InterruptedException {
        if (miss != MissReason.MISS_REASON_UNSPECIFIED
                || end(held.getLast()) == held.getLast().chunk().length()) {
            return null;
        }
        return held.size() > 1 ? null : ahead.nextWithoutWaiting();
    }

    private void sendHeld(ChunkRead chunk, List<ChunkRead.Piece> held) throws IOException {
        int head = request.form().metadataBytes();
        MemorySegment start = held.getFirst().payload();
        LmMetadata metadata = head == 0 ? LmMetadata.NONE : LmMetadata.of(start);
        outlet.write(request.form().found(allocator, (int) (chunk.length() - head), metadata));
        write(start.asSlice(head));
        held.stream().skip(1).forEach(piece -> write(piece.payload()));
        outlet.flush();
        held.forEach(ChunkRead.Piece::close);
        sentBytes = end(held.getLast());
        held.clear();
    }

    private void sendRest(ReadAhead ahead, ChunkRead chunk) throws IOException, InterruptedException {
        while (sentBytes < chunk.length()) {
            try (ChunkRead.Piece piece = ahead.next()) {
                if (piece == null) {
                    throw new IllegalStateException("a value ended before its length");
                }
                MissReason miss = verify(piece);
                if (miss != MissReason.MISS_REASON_UNSPECIFIED) {
                    chunk.miss(miss);
                    throw new SpoiltException(miss);
                }
                write(piece.payload());
                outlet.flush();
                sentBytes = end(piece);
            }
        }
    }

    private MissReason verify(ChunkRead.Piece piece) throws IOException, InterruptedException {
        MissReason miss = piece.arrive(gone);
        if (miss == MissReason.MISS_REASON_UNSPECIFIED && !piece.isIntact(0, piece.payload())) {
            return MissReason.MISS_REASON_CORRUPT;
        }
        return miss;
    }

    private void write(MemorySegment payload) {
        for (long offset = 0; offset < payload.byteSize(); offset += WRITE_BYTES) {
            long bytes = Math.min(WRITE_BYTES, payload.byteSize() - offset);
            // The slab itself, which the kernel copies from: it lives until the flush is over.
            outlet.write(Unpooled.wrappedBuffer(payload.asSlice(offset, bytes).asByteBuffer()));
        }
    }

    private LmOutcome miss() throws IOException {
        outlet.write(request.form().plain(allocator, false));
        outlet.flush();
        return LmOutcome.MISS;
    }

    /** Where a piece ends in the value, in bytes. */
    private static long end(ChunkRead.Piece piece) {
        return piece.payloadOffset() + piece.payload().byteSize();
    }
}
