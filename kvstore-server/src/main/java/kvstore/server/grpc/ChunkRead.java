package kvstore.server.grpc;

import java.lang.foreign.MemorySegment;
import java.util.concurrent.CompletableFuture;
import kvstore.api.BlockChecksums;
import kvstore.api.Blocks;
import kvstore.server.memory.Slab;
import kvstore.server.memory.SlabPool;
import kvstore.store.CorruptRecordException;
import kvstore.store.PinnedChunk;
import kvstore.v1.MissReason;
import org.jspecify.annotations.Nullable;

/**
 * One key of a Get: a pinned record that is read in pieces of at most one slab, header first, or a miss that was clear
 * before anything was read. Used by one thread.
 */
final class ChunkRead implements AutoCloseable {
    private final int index;
    private final @Nullable PinnedChunk pinned;
    private final MissReason miss;
    private final long startNanos = System.nanoTime();

    private long nextOffset;
    private @Nullable BlockChecksums checksums;
    private boolean settled;

    private ChunkRead(int index, @Nullable PinnedChunk pinned, MissReason miss) {
        this.index = index;
        this.pinned = pinned;
        this.miss = miss;
    }

    static ChunkRead of(int index, PinnedChunk pinned) {
        return new ChunkRead(index, pinned, MissReason.MISS_REASON_UNSPECIFIED);
    }

    static ChunkRead missed(int index, MissReason reason) {
        return new ChunkRead(index, null, reason);
    }

    int index() {
        return index;
    }

    long startNanos() {
        return startNanos;
    }

    /** Length of the value in bytes; 0 for a miss. */
    long length() {
        return pinned == null ? 0 : pinned.length();
    }

    /** What the next piece takes, in bytes; 0 when all were started. */
    long nextPieceBytes() {
        return pinned == null ? 0 : Math.min(SlabPool.MAX_SLAB_BYTES, pinned.recordBytes() - nextOffset);
    }

    /** Starts to read the next piece. The slab is the piece's from now on. */
    Piece read(Slab slab) {
        PinnedChunk chunk = requirePinned();
        long offset = nextOffset;
        nextOffset += slab.buffer().sizeBytes();
        return new Piece(this, offset, slab, chunk.file().read(chunk.recordOffset() + offset, slab.buffer()));
    }

    /** A piece without bytes, which carries a miss to the place in line where it is answered. */
    Piece withoutBytes(MissReason reason) {
        return new Piece(this, reason);
    }

    /** As {@link #withoutBytes(MissReason)}, for the miss that this is. */
    Piece withoutBytes() {
        return withoutBytes(miss);
    }

    /** Compares the record's header with what the index says. */
    void prove(MemorySegment header) throws CorruptRecordException {
        checksums = requirePinned().prove(header);
    }

    /** Compares whole blocks of payload with the proven header; -1 if all are right, else the number of a bad one. */
    int firstBadBlock(long payloadOffset, MemorySegment payload) {
        if (checksums == null) {
            throw new IllegalStateException("the header comes first");
        }
        return checksums.firstMismatch(payloadOffset, payload);
    }

    void quarantine(String reason) {
        requirePinned().quarantine(reason);
    }

    /** Whether the final status was sent; what still comes of this chunk is of no use. */
    boolean settled() {
        return settled;
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

    /** A stretch of the record image, on its way from disk into a slab. */
    static final class Piece implements AutoCloseable {
        final ChunkRead chunk;
        final MissReason miss;
        private final long offset;
        private final @Nullable Slab slab;
        private final CompletableFuture<Void> read;

        private Piece(ChunkRead chunk, long offset, Slab slab, CompletableFuture<Void> read) {
            this.chunk = chunk;
            this.miss = MissReason.MISS_REASON_UNSPECIFIED;
            this.offset = offset;
            this.slab = slab;
            this.read = read;
        }

        private Piece(ChunkRead chunk, MissReason miss) {
            this.chunk = chunk;
            this.miss = miss;
            this.offset = 0;
            this.slab = null;
            this.read = CompletableFuture.completedFuture(null);
        }

        long bytes() {
            return slab == null ? 0 : slab.buffer().sizeBytes();
        }

        CompletableFuture<Void> read() {
            return read;
        }

        /** Whether the record's header block leads this piece. */
        boolean hasHeader() {
            return offset == 0;
        }

        MemorySegment header() {
            return memory().asSlice(0, Blocks.BLOCK_BYTES);
        }

        /** Where {@link #payload} starts in the value, in bytes. */
        long payloadOffset() {
            return hasHeader() ? 0 : offset - Blocks.BLOCK_BYTES;
        }

        /** The part of the value that this piece brings, without header and padding. */
        MemorySegment payload() {
            long start = hasHeader() ? Blocks.BLOCK_BYTES : 0;
            long bytes = Math.min(memory().byteSize() - start, chunk.length() - payloadOffset());
            return memory().asSlice(start, bytes);
        }

        private MemorySegment memory() {
            if (slab == null) {
                throw new IllegalStateException("a miss has no bytes");
            }
            return slab.buffer().memory();
        }

        /** Gives the memory back as soon as the read has ended. */
        @Override
        public void close() {
            if (slab != null) {
                var _ = read.whenComplete((_, _) -> slab.close());
            }
        }
    }
}
