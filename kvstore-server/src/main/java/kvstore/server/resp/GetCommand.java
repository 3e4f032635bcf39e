package kvstore.server.resp;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.redis.ArrayHeaderRedisMessage;
import io.netty.handler.codec.redis.BulkStringHeaderRedisMessage;
import io.netty.handler.codec.redis.DefaultBulkStringRedisContent;
import io.netty.handler.codec.redis.DefaultLastBulkStringRedisContent;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import kvstore.api.ChunkKey;
import kvstore.server.identity.Tenant;
import kvstore.server.metrics.Direction;
import kvstore.server.metrics.RespOutcome;
import kvstore.server.transfer.ChunkRead;
import kvstore.server.transfer.ReadAhead;
import kvstore.server.transfer.SocketOutlet;
import kvstore.server.transfer.Transfers;
import kvstore.v1.MissReason;
import org.jspecify.annotations.Nullable;

/**
 * One GET or MGET, on a virtual thread of its own. A value's length is sent only when its first pieces, as many as there is
 * memory for without waiting, have proven to be right; from then on a bad piece can only be answered by closing the
 * connection.
 */
final class GetCommand {
    /** How much of a slab is one write: the measure of a client's progress. */
    private static final long WRITE_BYTES = 1024 * 1024;

    private final RespServices services;
    private final Transfers transfers;
    private final Session session;
    private final Tenant tenant;
    private final SocketOutlet outlet;
    private final CompletableFuture<Void> cancelled;
    private int hits;

    /** @param cancelled completes when the client goes */
    GetCommand(
            RespServices services,
            Session session,
            Tenant tenant,
            SocketOutlet outlet,
            CompletableFuture<Void> cancelled) {
        this.tenant = tenant;
        this.services = services;
        this.transfers = services.transfers();
        this.session = session;
        this.outlet = outlet;
        this.cancelled = cancelled;
    }

    /** A value's later bytes proved to be corrupt, or unreadable, after its length was sent: only the connection's end is left. */
    static final class SpoiltException extends IOException {
        private static final long serialVersionUID = 1L;

        SpoiltException() {
            super("a value could not be read to its end after its first bytes had been sent");
        }
    }

    /**
     * The way of a GET. Blocks.
     *
     * @param names the keys
     * @param many whether the answer is an array
     */
    RespOutcome run(List<Argument> names, boolean many) throws IOException, InterruptedException {
        transfers.metrics().transferBegan(Direction.GET);
        try {
            if (many) {
                outlet.write(new ArrayHeaderRedisMessage(names.size()));
            }
            List<@Nullable ChunkKey> keys = new ArrayList<>();
            names.forEach(name -> keys.add(visibleKey(name)));
            sendAll(keys);
            outlet.flush();
            return hits > 0 ? RespOutcome.HIT : RespOutcome.MISS;
        } finally {
            transfers.metrics().transferEnded(Direction.GET);
        }
    }

    private @Nullable ChunkKey visibleKey(Argument name) {
        ChunkKey key = name.key(tenant);
        return key == null || services.expiries().isOver(key) ? null : key;
    }

    /** @param keys null where there can be no value */
    private void sendAll(List<@Nullable ChunkKey> keys) throws IOException, InterruptedException {
        List<ChunkKey> possible = new ArrayList<>();
        List<Integer> positions = new ArrayList<>();
        for (int i = 0; i < keys.size(); i++) {
            ChunkKey key = keys.get(i);
            if (key != null) {
                possible.add(key);
                positions.add(i);
            }
        }
        int answered = 0;
        try (ReadAhead ahead = new ReadAhead(transfers, possible, List.of())) {
            for (ChunkRead.Piece piece = ahead.next(); piece != null; piece = ahead.next()) {
                for (int at = positions.get(piece.chunk().index()); answered < at; answered++) {
                    outlet.write(session.nil());
                }
                send(ahead, piece);
                answered++;
            }
        }
        for (; answered < keys.size(); answered++) {
            outlet.write(session.nil());
        }
    }

    /** Sends one chunk, whose first piece this is. */
    private void send(ReadAhead ahead, ChunkRead.Piece first) throws IOException, InterruptedException {
        ChunkRead chunk = first.chunk();
        List<ChunkRead.Piece> held = new ArrayList<>(List.of(first));
        try {
            MissReason miss = verify(first);
            long bytes =
                    miss == MissReason.MISS_REASON_UNSPECIFIED ? first.payload().byteSize() : 0;
            while (miss == MissReason.MISS_REASON_UNSPECIFIED
                    && bytes < chunk.length()
                    && bytes < ReadAhead.LIMIT_BYTES) {
                ChunkRead.Piece next = ahead.nextWithoutWaiting();
                if (next == null) {
                    break;
                }
                held.add(next);
                miss = verify(next);
                bytes += miss == MissReason.MISS_REASON_UNSPECIFIED
                        ? next.payload().byteSize()
                        : 0;
            }
            if (miss != MissReason.MISS_REASON_UNSPECIFIED) {
                outlet.write(session.nil());
                chunk.miss(miss);
                ahead.skip(chunk);
                return;
            }
            outlet.write(new BulkStringHeaderRedisMessage((int) chunk.length()));
            for (ChunkRead.Piece piece : held) {
                write(chunk, piece);
            }
            outlet.flush();
            held.forEach(ChunkRead.Piece::close);
            held.clear();
            while (bytes < chunk.length()) {
                bytes += sendNext(ahead, chunk);
            }
            hits++;
            chunk.hit();
        } finally {
            held.forEach(ChunkRead.Piece::close);
            chunk.close();
        }
    }

    private long sendNext(ReadAhead ahead, ChunkRead chunk) throws IOException, InterruptedException {
        try (ChunkRead.Piece piece = ahead.next()) {
            if (piece == null) {
                throw new IllegalStateException("a chunk ended before its length");
            }
            MissReason miss = verify(piece);
            if (miss != MissReason.MISS_REASON_UNSPECIFIED) {
                chunk.miss(miss);
                throw new SpoiltException();
            }
            write(chunk, piece);
            outlet.flush();
            return piece.payload().byteSize();
        }
    }

    private MissReason verify(ChunkRead.Piece piece) throws IOException, InterruptedException {
        MissReason miss = piece.arrive(cancelled);
        if (miss == MissReason.MISS_REASON_UNSPECIFIED && !piece.isIntact(0, piece.payload())) {
            return MissReason.MISS_REASON_CORRUPT;
        }
        return miss;
    }

    private void write(ChunkRead chunk, ChunkRead.Piece piece) {
        MemorySegment payload = piece.payload();
        for (long offset = 0; offset < payload.byteSize(); offset += WRITE_BYTES) {
            long bytes = Math.min(WRITE_BYTES, payload.byteSize() - offset);
            // The slab itself, which the kernel copies from: it lives until the flush is over.
            ByteBuf slab = Unpooled.wrappedBuffer(payload.asSlice(offset, bytes).asByteBuffer());
            boolean last = piece.payloadOffset() + offset + bytes == chunk.length();
            outlet.write(last ? new DefaultLastBulkStringRedisContent(slab) : new DefaultBulkStringRedisContent(slab));
        }
    }
}
