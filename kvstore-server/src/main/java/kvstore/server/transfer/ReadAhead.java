package kvstore.server.transfer;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import kvstore.api.ChunkKey;
import kvstore.server.identity.Tenant;
import kvstore.server.memory.SlabPool;
import kvstore.server.trace.CallTrace;
import kvstore.store.PinnedChunk;
import kvstore.v1.MissReason;
import org.jspecify.annotations.Nullable;

/**
 * The first half of the way of a get: the pieces of its chunks in the order of its keys, with the next ones already on
 * their way from disk.
 *
 * <p>Waits, for memory or for a put in flight, only while nothing is read ahead, and reads ahead only with memory that
 * nobody waits for. So calls never wait for each other in a circle, and a client that does not read keeps no more than
 * {@link #LIMIT_BYTES}. Used by one thread.
 */
public final class ReadAhead implements AutoCloseable {
    /** Payload of one call that was asked of the disk and is not sent yet, in bytes. */
    public static final long LIMIT_BYTES = 2 * SlabPool.MAX_SLAB_BYTES;

    private final Transfers transfers;
    private final List<ChunkKey> keys;
    private final List<Long> expectedLengths;
    private final Optional<Long> deadlineNanos;
    private final CallTrace trace;
    private final Deque<ChunkRead.Piece> started = new ArrayDeque<>();

    /** All that were opened and may hold a record still, whoever has their pieces. */
    private final Deque<ChunkRead> opened = new ArrayDeque<>();

    private int nextKey;
    private long startedBytes;
    private @Nullable ChunkRead current;

    /**
     * @param expectedLengths in bytes, in the order of the keys; 0 for any. Empty for any of all
     */
    public ReadAhead(Transfers transfers, List<ChunkKey> keys, List<Long> expectedLengths) {
        this(transfers, keys, expectedLengths, Optional.empty(), CallTrace.OFF);
    }

    /** The same for a caller that stops waiting at {@code deadlineNanos}, by {@link System#nanoTime}, and may be traced. */
    public ReadAhead(
            Transfers transfers,
            List<ChunkKey> keys,
            List<Long> expectedLengths,
            Optional<Long> deadlineNanos,
            CallTrace trace) {
        this.transfers = transfers;
        this.keys = keys;
        this.expectedLengths = expectedLengths;
        this.deadlineNanos = deadlineNanos;
        this.trace = trace;
    }

    /** The next piece, which the caller closes; null after the last. Waits only while the caller holds no piece. */
    public ChunkRead.@Nullable Piece next() throws InterruptedException {
        return next(true);
    }

    /** As {@link #next}, for a caller that holds pieces: null also if it would have to wait. */
    public ChunkRead.@Nullable Piece nextWithoutWaiting() throws InterruptedException {
        return next(false);
    }

    private ChunkRead.@Nullable Piece next(boolean mayWait) throws InterruptedException {
        while (hasMore() && startedBytes < LIMIT_BYTES) {
            ChunkRead.Piece piece = startNext(mayWait && started.isEmpty());
            if (piece == null) {
                break;
            }
            started.add(piece);
            startedBytes += piece.bytes();
        }
        ChunkRead.Piece next = started.poll();
        if (next != null) {
            startedBytes -= next.bytes();
        }
        return next;
    }

    /** Lets go of what was started of a chunk, and goes on to the one behind it. */
    public void skip(ChunkRead chunk) {
        while (!started.isEmpty() && started.peek().chunk() == chunk) {
            ChunkRead.Piece piece = started.remove();
            startedBytes -= piece.bytes();
            piece.close();
        }
        if (current == chunk) {
            current = null;
        }
    }

    /** Lets go of every record, and of the pieces that were started and not taken. */
    @Override
    public void close() {
        started.forEach(ChunkRead.Piece::close);
        opened.forEach(ChunkRead::close);
    }

    private boolean hasMore() {
        return current != null || nextKey < keys.size();
    }

    /** Null if it would have to wait and may not. */
    private ChunkRead.@Nullable Piece startNext(boolean mayWait) throws InterruptedException {
        ChunkRead chunk = current;
        if (chunk == null) {
            chunk = open(nextKey, mayWait);
            if (chunk == null) {
                return null;
            }
            nextKey++;
            current = chunk;
            while (!opened.isEmpty() && opened.peek().settled()) {
                opened.remove();
            }
            opened.add(chunk);
        }
        if (chunk.nextPieceBytes() == 0) {
            current = null;
            return chunk.withoutBytes();
        }
        long begin = trace.now();
        Tenant tenant = transfers.tenants().ownerOf(keys.getFirst());
        long bytes = chunk.nextPieceBytes();
        if (!tenant.enter(bytes, mayWait ? transfers.getWait().toNanos() : 0)) {
            if (!mayWait) {
                return null;
            }
            tenant.refusedGet();
            current = null;
            return chunk.withoutBytes(MissReason.MISS_REASON_TENANT_BUSY);
        }
        ChunkRead.Piece piece = null;
        try {
            piece = chunk.readNext(transfers.reads(), mayWait, tenant);
        } finally {
            if (piece == null) {
                tenant.leave(bytes);
            }
        }
        if (piece == null && !mayWait) {
            return null;
        }
        trace.part("admission", begin, chunk.index(), piece == null ? 0 : piece.bytes());
        if (piece == null || chunk.nextPieceBytes() == 0) {
            current = null;
        }
        return piece == null ? chunk.withoutBytes(MissReason.MISS_REASON_NO_MEMORY) : piece;
    }

    private @Nullable ChunkRead open(int index, boolean mayWait) throws InterruptedException {
        long expected = index < expectedLengths.size() ? expectedLengths.get(index) : 0;
        long begin = trace.now();
        Pins.Pin pin = Pins.pin(transfers, keys.get(index), expected, mayWait, deadlineNanos);
        if (!(pin instanceof Pins.InFlight)) {
            trace.part("index", begin, index, 0);
        }
        return switch (pin) {
            case Pins.Found(PinnedChunk chunk) -> ChunkRead.of(transfers.metrics(), index, chunk);
            case Pins.Missed(MissReason reason) -> ChunkRead.missed(transfers.metrics(), index, reason);
            case Pins.InFlight() -> null;
        };
    }
}
