package kvstore.server.transfer;

import java.lang.foreign.MemorySegment;
import java.util.concurrent.CompletableFuture;
import kvstore.api.BlockChecksums;
import kvstore.api.Blocks;
import kvstore.server.identity.Tenant;
import kvstore.server.memory.SlabPool;
import kvstore.server.metrics.DaemonMetrics;
import kvstore.server.trace.CallTrace;
import kvstore.store.CorruptRecordException;
import kvstore.store.PinnedChunk;
import kvstore.v1.GetStatus;
import kvstore.v1.MissReason;
import org.jspecify.annotations.Nullable;

/**
 * One chunk on its way out: a pinned record that is read in pieces of at most one slab, header first, or a miss that was
 * clear before anything was read. Its door waits for each piece ({@link Piece#arrive}), verifies what it is about to send
 * ({@link Piece#isIntact}), and says how it ended ({@link #hit}, {@link #miss}). Used by one thread.
 */
public final class ChunkRead implements AutoCloseable {
    private final DaemonMetrics metrics;
    private final int index;
    private final @Nullable PinnedChunk pinned;
    private final MissReason miss;
    private final long startNanos = System.nanoTime();

    private long nextOffset;
    private @Nullable BlockChecksums checksums;
    private boolean settled;

    private ChunkRead(DaemonMetrics metrics, int index, @Nullable PinnedChunk pinned, MissReason miss) {
        this.metrics = metrics;
        this.index = index;
        this.pinned = pinned;
        this.miss = miss;
    }

    static ChunkRead of(DaemonMetrics metrics, int index, PinnedChunk pinned) {
        return new ChunkRead(metrics, index, pinned, MissReason.MISS_REASON_UNSPECIFIED);
    }

    static ChunkRead missed(DaemonMetrics metrics, int index, MissReason reason) {
        return new ChunkRead(metrics, index, null, reason);
    }

    /** Which of the keys it is. */
    public int index() {
        return index;
    }

    /** Length of the value in bytes; 0 for a miss. */
    public long length() {
        return pinned == null ? 0 : pinned.length();
    }

    /** What the next piece takes, in bytes; 0 when all were started. */
    long nextPieceBytes() {
        return pinned == null ? 0 : Math.min(SlabPool.MAX_SLAB_BYTES, pinned.recordBytes() - nextOffset);
    }

    /**
     * Starts to read the next piece.
     *
     * @param mayWait for memory, because the caller holds none
     * @param tenant whose budget has as much for this piece, and gets it back when the piece is closed
     * @return null if there was no memory
     */
    @Nullable
    Piece readNext(StagedReads reads, boolean mayWait, Tenant tenant) throws InterruptedException {
        PinnedChunk chunk = requirePinned();
        long offset = nextOffset;
        long at = chunk.recordOffset() + offset;
        long bytes = nextPieceBytes();
        StagedRead read =
                mayWait ? reads.read(chunk.file(), at, bytes) : reads.readWithoutWaiting(chunk.file(), at, bytes);
        if (read == null) {
            return null;
        }
        nextOffset += bytes;
        return new Piece(this, offset, read, tenant, bytes);
    }

    /** A piece without bytes, which carries a miss to the place in line where it is answered. */
    Piece withoutBytes(MissReason reason) {
        return new Piece(this, reason);
    }

    /** As {@link #withoutBytes(MissReason)}, for the miss that this is. */
    Piece withoutBytes() {
        return withoutBytes(miss);
    }

    /** Whether it has ended; what still comes of this chunk is of no use. */
    public boolean settled() {
        return settled;
    }

    /** All of it was sent. */
    public void hit() {
        ended(GetStatus.GET_STATUS_HIT, MissReason.MISS_REASON_UNSPECIFIED, length());
    }

    /** It was answered as a miss, or as one after its first bytes had gone. */
    public void miss(MissReason reason) {
        ended(GetStatus.GET_STATUS_MISS, reason, 0);
    }

    private void ended(GetStatus status, MissReason reason, long bytes) {
        close();
        metrics.get(status, reason, bytes, System.nanoTime() - startNanos);
    }

    /** Lets go of the record. Reads under way go on into their slabs. Idempotent. */
    @Override
    public void close() {
        settled = true;
        if (pinned != null) {
            pinned.close();
        }
    }

    private PinnedChunk requirePinned() {
        if (pinned == null) {
            throw new IllegalStateException("a miss has no record");
        }
        return pinned;
    }

    /** A stretch of the record image, on its way from disk into memory. */
    public static final class Piece implements AutoCloseable {
        private final ChunkRead chunk;
        private final MissReason miss;
        private final long offset;
        private final @Nullable StagedRead read;
        private final long enteredBytes;
        private @Nullable Tenant entered;

        private Piece(ChunkRead chunk, long offset, StagedRead read, Tenant entered, long enteredBytes) {
            this.entered = entered;
            this.enteredBytes = enteredBytes;
            this.chunk = chunk;
            this.miss = MissReason.MISS_REASON_UNSPECIFIED;
            this.offset = offset;
            this.read = read;
        }

        private Piece(ChunkRead chunk, MissReason miss) {
            this.chunk = chunk;
            this.miss = miss;
            this.offset = 0;
            this.read = null;
            this.enteredBytes = 0;
        }

        long bytes() {
            return read == null ? 0 : read.memory().byteSize();
        }

        /** What it is a piece of. */
        public ChunkRead chunk() {
            return chunk;
        }

        /**
         * Waits until the bytes are in memory, and compares the record's header, if it leads this piece, with what the
         * index says. A record that is not what it should be is quarantined.
         *
         * @param cancelled ends the wait
         * @return why this is a miss; unspecified if it is none
         * @throws PeerGoneException if {@code cancelled} came first
         */
        public MissReason arrive(CompletableFuture<Void> cancelled) throws PeerGoneException, InterruptedException {
            if (read == null) {
                return miss;
            }
            MissReason failure = read.await(cancelled);
            if (failure != MissReason.MISS_REASON_UNSPECIFIED) {
                return failure;
            }
            try {
                if (hasHeader()) {
                    chunk.checksums = chunk.requirePinned().prove(memory().asSlice(0, Blocks.BLOCK_BYTES));
                }
                return MissReason.MISS_REASON_UNSPECIFIED;
            } catch (CorruptRecordException e) {
                chunk.requirePinned().quarantine(String.valueOf(e.getMessage()));
                return MissReason.MISS_REASON_CORRUPT;
            }
        }

        /** Tells a trace of the read of the disk, after {@link #arrive}. */
        public void traceRead(CallTrace trace) {
            if (read != null && trace != CallTrace.OFF) {
                trace.part("disk read", read.beganNanos(), read.endedNanos(), chunk.index(), bytes());
            }
        }

        /**
         * Compares a stretch of {@link #payload} with the record's checksums. A record with a bad block is quarantined.
         *
         * @param offset where it starts in the payload of this piece; a multiple of {@link Blocks#BLOCK_BYTES}
         * @param stretch whole blocks, unless it is the end
         */
        public boolean isIntact(long offset, MemorySegment stretch) {
            BlockChecksums sums = chunk.checksums;
            if (sums == null) {
                throw new IllegalStateException("the header comes first");
            }
            int bad = sums.firstMismatch(payloadOffset() + offset, stretch);
            if (bad >= 0) {
                chunk.requirePinned().quarantine("payload block " + bad + " does not match its checksum");
            }
            return bad < 0;
        }

        private boolean hasHeader() {
            return offset == 0;
        }

        /** Where {@link #payload} starts in the value, in bytes. */
        public long payloadOffset() {
            return hasHeader() ? 0 : offset - Blocks.BLOCK_BYTES;
        }

        /** The part of the value that this piece brings, without header and padding. */
        public MemorySegment payload() {
            long start = hasHeader() ? Blocks.BLOCK_BYTES : 0;
            long bytes = Math.min(memory().byteSize() - start, chunk.length() - payloadOffset());
            return memory().asSlice(start, bytes);
        }

        private MemorySegment memory() {
            if (read == null) {
                throw new IllegalStateException("a miss has no bytes");
            }
            return read.memory();
        }

        /** Gives the memory back as soon as the read has ended. */
        @Override
        public void close() {
            if (read != null) {
                read.close();
            }
            if (entered != null) {
                entered.leave(enteredBytes);
                entered = null;
            }
        }
    }
}
