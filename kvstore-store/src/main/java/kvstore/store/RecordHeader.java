package kvstore.store;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import kvstore.api.BlockChecksums;
import kvstore.api.Blocks;
import kvstore.api.ChunkKey;
import kvstore.api.KeyDigest;

/** The block that every record starts with. It proves itself: whose segment, which place, which key, which bytes. */
sealed interface RecordHeader {
    /** Most block checksums beside the longest key and namespace. */
    int CHECKSUMS_MAX = (Blocks.BLOCK_BYTES
                    - RecordHeader.FIXED_BYTES
                    - ChunkKey.MAX_NAMESPACE_BYTES
                    - ChunkKey.MAX_BYTES
                    - Integer.BYTES)
            / Integer.BYTES;

    /** Most keys that one tombstone hides. */
    int HIDES_MAX = (Blocks.BLOCK_BYTES - RecordHeader.FIXED_BYTES - Integer.BYTES) / Hide.BYTES;

    /** What comes before namespace and key. */
    int FIXED_BYTES = 80;

    long MAGIC = BlockFormat.magic("KVRECORD");

    /** What all kinds have. */
    Stamp stamp();

    /** Blocks of payload that follow the header. */
    int payloadBlocks();

    /**
     * Where and when a record was written.
     *
     * @param nonce of its segment
     * @param block its own place in the file
     * @param sequence grows over the node's life; of two records of a key the higher one counts
     * @param millis time of day, since 1970
     */
    record Stamp(UUID nonce, int block, long sequence, long millis) {}

    /**
     * A value.
     *
     * @param length of the payload, in bytes
     * @param hides whether an older record of the key may still lie in another place
     */
    record Chunk(Stamp stamp, ChunkKey key, long length, boolean hides, BlockChecksums checksums)
            implements RecordHeader {
        @Override
        public int payloadBlocks() {
            return (int) Blocks.count(length);
        }
    }

    /** Records that no longer count. */
    record Tombstone(Stamp stamp, List<Hide> hidden) implements RecordHeader {
        @Override
        public int payloadBlocks() {
            return 0;
        }
    }

    /** A put that ended without becoming visible. There only to be hopped over. */
    record Abandoned(Stamp stamp, int payloadBlocks) implements RecordHeader {}

    /**
     * Compares with where it was read.
     *
     * @throws CorruptRecordException if this was written for another segment or another place
     */
    default void requirePlace(UUID nonce, int block) throws CorruptRecordException {
        if (!stamp().nonce().equals(nonce)) {
            throw new CorruptRecordException("the record belongs to another segment");
        }
        if (stamp().block() != block) {
            throw new CorruptRecordException("the record belongs to another place");
        }
    }

    /** Fills the block. */
    default void encode(ByteBuffer block) {
        int type;
        int flags = 0;
        long length = 0;
        int count = 0;
        byte[] namespace = {};
        byte[] key = {};
        switch (this) {
            case Chunk chunk -> {
                type = 1;
                flags = chunk.hides ? 1 : 0;
                length = chunk.length;
                count = chunk.checksums.count();
                namespace = chunk.key.namespace().getBytes(StandardCharsets.UTF_8);
                key = chunk.key.bytes();
            }
            case Tombstone tombstone -> {
                type = 2;
                count = tombstone.hidden.size();
            }
            case Abandoned _ -> type = 3;
        }
        block.clear();
        int used = FIXED_BYTES + namespace.length + key.length + Integer.BYTES;
        used += type == 1 ? count * Integer.BYTES : count * Hide.BYTES;
        block.putLong(MAGIC)
                .putShort(BlockFormat.VERSION)
                .putShort((short) type)
                .putInt(used);
        BlockFormat.putUuid(block, stamp().nonce());
        block.putLong(stamp().sequence()).putInt(stamp().block()).putInt(payloadBlocks());
        block.putLong(length).putLong(stamp().millis()).putInt(count);
        block.putShort((short) namespace.length)
                .putShort((short) key.length)
                .putInt(flags)
                .putInt(0);
        block.put(namespace).put(key);
        switch (this) {
            case Chunk chunk -> {
                for (int i = 0; i < count; i++) {
                    block.putInt(chunk.checksums.crc(i));
                }
            }
            case Tombstone tombstone -> tombstone.hidden.forEach(hide -> hide.encode(block));
            case Abandoned _ -> {}
        }
        BlockFormat.seal(block);
    }

    /** Whether it is worth to {@link #decode}. */
    static boolean present(ByteBuffer block) {
        return block.getLong(0) == MAGIC;
    }

    /**
     * Reads a block; the caller still has to {@link #requirePlace}.
     *
     * @throws CorruptRecordException if it is no record header, damaged, or of an unknown version
     */
    static RecordHeader decode(ByteBuffer block) throws CorruptRecordException {
        if (!present(block)) {
            throw new CorruptRecordException("no record begins here");
        }
        int used = block.getInt(12);
        if (!BlockFormat.intact(block, used, FIXED_BYTES + Integer.BYTES)) {
            throw new CorruptRecordException("the record header's checksum is wrong");
        }
        if (block.getShort(8) != BlockFormat.VERSION) {
            throw new CorruptRecordException("the record's format version is not known");
        }
        Stamp stamp = new Stamp(BlockFormat.uuid(block, 16), block.getInt(40), block.getLong(32), block.getLong(56));
        int payloadBlocks = block.getInt(44);
        int room = used - FIXED_BYTES - Integer.BYTES;
        return switch (block.getShort(10)) {
            case 1 -> chunk(stamp, block, payloadBlocks, room);
            case 2 -> tombstone(stamp, block, payloadBlocks, room);
            case 3 -> {
                require(payloadBlocks >= 0 && room == 0);
                yield new Abandoned(stamp, payloadBlocks);
            }
            default -> throw new CorruptRecordException("the record's type is not known");
        };
    }

    private static Chunk chunk(Stamp stamp, ByteBuffer block, int payloadBlocks, int room)
            throws CorruptRecordException {
        long length = block.getLong(48);
        int count = block.getInt(64);
        int namespaceBytes = Short.toUnsignedInt(block.getShort(68));
        int keyBytes = Short.toUnsignedInt(block.getShort(70));
        require(length > 0 && count == Blocks.count(length) && count == payloadBlocks && count <= CHECKSUMS_MAX);
        require(room == namespaceBytes + keyBytes + count * Integer.BYTES);
        ChunkKey key = KeyFormat.get(block, FIXED_BYTES, namespaceBytes, keyBytes);
        int[] crcs = new int[count];
        block.slice(FIXED_BYTES + namespaceBytes + keyBytes, count * Integer.BYTES)
                .asIntBuffer()
                .get(crcs);
        return new Chunk(stamp, key, length, (block.getInt(72) & 1) != 0, BlockChecksums.of(crcs));
    }

    private static Tombstone tombstone(Stamp stamp, ByteBuffer block, int payloadBlocks, int room)
            throws CorruptRecordException {
        int count = block.getInt(64);
        require(payloadBlocks == 0 && count >= 0 && count <= HIDES_MAX && room == count * Hide.BYTES);
        List<Hide> hidden = new ArrayList<>(count);
        for (int at = FIXED_BYTES; hidden.size() < count; at += Hide.BYTES) {
            KeyDigest digest = new KeyDigest(block.getLong(at), block.getLong(at + 8));
            hidden.add(new Hide(digest, block.getLong(at + 16)));
        }
        return new Tombstone(stamp, hidden);
    }

    private static void require(boolean sensible) throws CorruptRecordException {
        if (!sensible) {
            throw new CorruptRecordException("the record header makes no sense");
        }
    }
}
