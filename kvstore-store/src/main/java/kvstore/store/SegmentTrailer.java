package kvstore.store;

import java.nio.ByteBuffer;
import java.util.UUID;
import kvstore.api.Blocks;

/**
 * The last block of a sealed segment file.
 *
 * @param nonce the segment's
 * @param indexBlock first block of the index area
 * @param indexBlocks its size
 * @param entries how many it holds
 * @param sealedMillis since 1970
 */
record SegmentTrailer(UUID nonce, int indexBlock, int indexBlocks, int entries, long sealedMillis) {
    private static final long MAGIC = BlockFormat.magic("KVTRAILR");
    private static final int USED_BYTES = 56 + Integer.BYTES;

    void encode(ByteBuffer block) {
        block.clear();
        block.putLong(MAGIC).putShort(BlockFormat.VERSION).putShort((short) 0).putInt(USED_BYTES);
        BlockFormat.putUuid(block, nonce);
        block.putInt(indexBlock).putInt(indexBlocks).putInt(entries).putInt(0);
        block.putLong(sealedMillis);
        BlockFormat.seal(block);
    }

    /** Whether somebody tried to write a trailer here; if not, the segment was never sealed. */
    static boolean present(ByteBuffer block) {
        return block.getLong(0) == MAGIC;
    }

    /**
     * @param segmentBytes size of the file
     * @throws CorruptRecordException if this is not the trailer of that segment
     */
    static SegmentTrailer decode(ByteBuffer block, UUID nonce, long segmentBytes) throws CorruptRecordException {
        if (!present(block)
                || block.getShort(8) != BlockFormat.VERSION
                || !BlockFormat.intact(block, block.getInt(12), USED_BYTES)
                || !BlockFormat.uuid(block, 16).equals(nonce)) {
            throw new CorruptRecordException("the last block is no trailer of this segment");
        }
        SegmentTrailer trailer =
                new SegmentTrailer(nonce, block.getInt(32), block.getInt(36), block.getInt(40), block.getLong(48));
        long lastBlock = segmentBytes / Blocks.BLOCK_BYTES - 1;
        if (trailer.indexBlock < 1
                || trailer.indexBlocks < 0
                || trailer.entries < 0
                || (long) trailer.indexBlock + trailer.indexBlocks > lastBlock) {
            throw new CorruptRecordException("the trailer makes no sense");
        }
        return trailer;
    }
}
