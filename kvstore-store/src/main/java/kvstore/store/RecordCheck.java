package kvstore.store;

import java.lang.foreign.MemorySegment;
import java.util.function.LongPredicate;
import kvstore.api.BlockChecksums;
import kvstore.api.Blocks;
import kvstore.api.HostBuffer;
import kvstore.api.IoFailure;
import kvstore.api.KeyDigest;

/** Reads a whole record piece by piece and compares it with its checksums, for who wants no payload but the truth. */
final class RecordCheck {
    /** What a check found. */
    sealed interface Verdict {
        record Good() implements Verdict {}

        /**
         * It is not what was put.
         *
         * @param reason what was seen, without the key
         */
        record Bad(String reason) implements Verdict {}

        /** The file system would not read it now. */
        record Unread(IoFailure failure) implements Verdict {}

        /** Whoever was asked before a read said no. */
        record Stopped() implements Verdict {}
    }

    private RecordCheck() {}

    /**
     * Checks one record of a chunk.
     *
     * @param block of its header
     * @param buffer of two blocks or more; the record is read in pieces of its size
     * @param mayRead is asked before each read of so many bytes; may wait
     */
    static Verdict check(
            Segment segment, KeyDigest digest, int block, int length, HostBuffer buffer, LongPredicate mayRead) {
        int blocks = 1 + (int) Blocks.count(length);
        int blocksAtOnce = (int) (buffer.sizeBytes() / Blocks.BLOCK_BYTES);
        BlockChecksums checksums = BlockChecksums.of(new int[0]);
        try {
            for (int done = 0; done < blocks; done += Math.min(blocksAtOnce, blocks - done)) {
                HostBuffer piece = buffer.slice(0, Math.min(blocksAtOnce, blocks - done) * (long) Blocks.BLOCK_BYTES);
                if (!mayRead.test(piece.sizeBytes())) {
                    return new Verdict.Stopped();
                }
                Io.await(segment.file().read((block + (long) done) * Blocks.BLOCK_BYTES, piece));
                MemorySegment payload = piece.memory();
                if (done == 0) {
                    checksums = prove(payload, segment, digest, block, length);
                    payload = payload.asSlice(Blocks.BLOCK_BYTES);
                }
                long offset = Math.max(0, done - 1L) * Blocks.BLOCK_BYTES;
                long wanted = Math.min(payload.byteSize(), length - offset);
                int mismatch = checksums.firstMismatch(offset, payload.asSlice(0, wanted));
                if (mismatch >= 0) {
                    return new Verdict.Bad("payload checksum of block " + mismatch);
                }
            }
            return new Verdict.Good();
        } catch (CorruptRecordException e) {
            return new Verdict.Bad(String.valueOf(e.getMessage()));
        } catch (IoFailure e) {
            return new Verdict.Unread(e);
        }
    }

    private static BlockChecksums prove(
            MemorySegment headerBlock, Segment segment, KeyDigest digest, int block, int length)
            throws CorruptRecordException {
        RecordHeader header =
                RecordHeader.decode(headerBlock.asSlice(0, Blocks.BLOCK_BYTES).asByteBuffer());
        header.requirePlace(segment.header().nonce(), block);
        if (!(header instanceof RecordHeader.Chunk chunk)) {
            throw new CorruptRecordException("the record holds no chunk");
        }
        if (!KeyDigest.of(chunk.key()).equals(digest)) {
            throw new CorruptRecordException("the record holds another key");
        }
        if (chunk.length() != length) {
            throw new CorruptRecordException("the record holds " + chunk.length() + " bytes, not " + length);
        }
        return chunk.checksums();
    }
}
