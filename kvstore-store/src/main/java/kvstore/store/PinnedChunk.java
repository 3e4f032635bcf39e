package kvstore.store;

import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicBoolean;
import kvstore.api.BlockChecksums;
import kvstore.api.Blocks;
import kvstore.api.ChunkKey;
import kvstore.api.IoFile;
import kvstore.api.KeyDigest;

/**
 * A chunk that cannot be evicted until this is closed.
 *
 * <p>On disk it is one image of {@link #recordBytes()} bytes at {@link #recordOffset()}: a header block, then the payload,
 * padded to whole blocks. The reader reads it whole or in pieces, lets {@link #prove} check the header, and compares every
 * block of the payload with the checksums that it returns. Only then is it the value that was put.
 */
public final class PinnedChunk implements AutoCloseable {
    private final Forgetting forgetting;
    private final Segment segment;
    private final ChunkKey key;
    private final KeyDigest digest;
    private final int block;
    private final long length;
    private final AtomicBoolean closed = new AtomicBoolean();

    PinnedChunk(Forgetting forgetting, Segment segment, ChunkKey key, KeyDigest digest, int block, long length) {
        this.forgetting = forgetting;
        this.segment = segment;
        this.key = key;
        this.digest = digest;
        this.block = block;
        this.length = length;
    }

    /** Length of the payload, in bytes. */
    public long length() {
        return length;
    }

    /** The segment file. The store closes it. */
    public IoFile file() {
        return segment.file();
    }

    /** Where the record starts in the file, in bytes; the payload follows {@link Blocks#BLOCK_BYTES} later. */
    public long recordOffset() {
        return (long) block * Blocks.BLOCK_BYTES;
    }

    /** Header block and padded payload, in bytes. */
    public long recordBytes() {
        return (1 + Blocks.count(length)) * Blocks.BLOCK_BYTES;
    }

    /**
     * Checks that a header block is that of this chunk: its own checksum, the segment and the place it was written for,
     * the full key and the length.
     *
     * @param headerBlock the first {@link Blocks#BLOCK_BYTES} bytes at {@link #recordOffset()}
     * @return the checksums that the payload must have
     * @throws CorruptRecordException if it is not; the caller answers with a miss and calls {@link #quarantine}
     */
    public BlockChecksums prove(MemorySegment headerBlock) throws CorruptRecordException {
        RecordHeader header = RecordHeader.decode(headerBlock.asByteBuffer());
        header.requirePlace(segment.header().nonce(), block);
        if (!(header instanceof RecordHeader.Chunk chunk)) {
            throw new CorruptRecordException("the record holds no chunk");
        }
        if (!chunk.key().equals(key)) {
            throw new CorruptRecordException("the record holds another key");
        }
        if (chunk.length() != length) {
            throw new CorruptRecordException("the record holds " + chunk.length() + " bytes, not " + length);
        }
        return chunk.checksums();
    }

    /**
     * Makes the store forget this record, because it is not what was put: at once in memory, and soon on disk. A newer
     * value of the key is left alone. Does not block.
     *
     * @param reason for the log and {@link StoreListener#corrupt}; what was seen, not whose key it is
     */
    public void quarantine(String reason) {
        forgetting.quarantine(key, digest, segment, block, length, reason);
    }

    /** Ends the protection. Idempotent. */
    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            segment.release();
        }
    }
}
