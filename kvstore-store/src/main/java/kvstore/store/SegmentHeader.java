package kvstore.store;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.UUID;
import kvstore.api.Blocks;

/**
 * The first block of a segment file.
 *
 * @param id grows by one from segment to segment; also the file's name
 * @param pool identity of the pool
 * @param node name of the node that writes
 * @param epoch of that node when the segment was made
 * @param nonce random; repeated in everything that belongs to this segment, so that nothing else can be taken for it
 * @param createdMillis since 1970
 * @param segmentBytes size of the whole file
 */
record SegmentHeader(int id, UUID pool, String node, long epoch, UUID nonce, long createdMillis, long segmentBytes) {
    private static final long MAGIC = BlockFormat.magic("KVSEGMNT");
    private static final int NODE_BYTES = 64;
    private static final int USED_BYTES = 80 + NODE_BYTES + Integer.BYTES;

    void encode(ByteBuffer block) {
        block.clear();
        block.putLong(MAGIC).putShort(BlockFormat.VERSION).putShort((short) 0).putInt(USED_BYTES);
        block.putLong(id).putLong(epoch);
        BlockFormat.putUuid(block, pool);
        BlockFormat.putUuid(block, nonce);
        block.putLong(createdMillis).putLong(segmentBytes);
        block.put(Arrays.copyOf(node.getBytes(StandardCharsets.US_ASCII), NODE_BYTES));
        BlockFormat.seal(block);
    }

    /** @throws DamagedSegmentException {@code BAD_HEADER} or {@code UNKNOWN_VERSION} */
    static SegmentHeader decode(ByteBuffer block) throws DamagedSegmentException {
        if (block.getLong(0) != MAGIC) {
            throw new DamagedSegmentException(SegmentDamage.BAD_HEADER, "the first block is no segment header");
        }
        if (!BlockFormat.intact(block, block.getInt(12), USED_BYTES)) {
            throw new DamagedSegmentException(SegmentDamage.BAD_HEADER, "the segment header's checksum is wrong");
        }
        if (block.getShort(8) != BlockFormat.VERSION) {
            throw new DamagedSegmentException(
                    SegmentDamage.UNKNOWN_VERSION,
                    "format version " + block.getShort(8) + " is not known, this release reads " + BlockFormat.VERSION);
        }
        byte[] node = new byte[NODE_BYTES];
        block.get(80, node);
        long id = block.getLong(16);
        long segmentBytes = block.getLong(72);
        long epoch = block.getLong(24);
        boolean sensible = id > 0 && id <= Integer.MAX_VALUE && epoch >= 0 && epoch < InFlight.EPOCH_MAX;
        if (!sensible || segmentBytes <= 0 || !Blocks.isAligned(segmentBytes)) {
            throw new DamagedSegmentException(SegmentDamage.BAD_HEADER, "the segment header makes no sense");
        }
        return new SegmentHeader(
                (int) id,
                BlockFormat.uuid(block, 32),
                new String(node, StandardCharsets.US_ASCII).replace("\0", ""),
                epoch,
                BlockFormat.uuid(block, 48),
                block.getLong(64),
                segmentBytes);
    }
}
