package kvstore.store;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.UUID;
import java.util.zip.CRC32C;
import kvstore.api.Blocks;

/**
 * What all blocks of metadata on disk have in common: they start with a magic number of 8 bytes, say at a fixed place how
 * many bytes they use, and the last 4 of these are the CRC32C of the ones before. Numbers are big-endian.
 */
final class BlockFormat {
    /** The version that this release writes, and the only one it reads. */
    static final short VERSION = 1;

    private BlockFormat() {}

    /** The 8 characters of a magic number. */
    static long magic(String eightCharacters) {
        return ByteBuffer.wrap(eightCharacters.getBytes(StandardCharsets.US_ASCII))
                .getLong();
    }

    /** Writes the checksum at the position, and zeros behind it to the end of the block. */
    static void seal(ByteBuffer block) {
        int used = block.position();
        block.putInt(crc(block, used));
        while (block.remaining() >= Long.BYTES) {
            block.putLong(0);
        }
        while (block.hasRemaining()) {
            block.put((byte) 0);
        }
    }

    /**
     * Whether the block's first {@code usedBytes} end with the right checksum.
     *
     * @param usedBytes read from the block itself, so it may be anything
     */
    static boolean intact(ByteBuffer block, int usedBytes, int usedBytesMin) {
        return usedBytes >= usedBytesMin
                && usedBytes <= Blocks.BLOCK_BYTES
                && block.getInt(usedBytes - Integer.BYTES) == crc(block, usedBytes - Integer.BYTES);
    }

    static UUID uuid(ByteBuffer block, int offset) {
        return new UUID(block.getLong(offset), block.getLong(offset + Long.BYTES));
    }

    static void putUuid(ByteBuffer block, UUID uuid) {
        block.putLong(uuid.getMostSignificantBits()).putLong(uuid.getLeastSignificantBits());
    }

    private static int crc(ByteBuffer block, int length) {
        CRC32C crc = new CRC32C();
        crc.update(block.slice(0, length));
        return (int) crc.getValue();
    }
}
