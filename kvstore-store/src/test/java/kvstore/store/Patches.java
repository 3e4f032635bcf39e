package kvstore.store;

import java.nio.ByteBuffer;
import java.util.zip.CRC32C;
import kvstore.api.Blocks;

/**
 * Turns the bytes of a fuzzer into damage of blocks that were valid: three bytes say where and what, so that it need not
 * find magic numbers and checksums by chance.
 */
final class Patches {
    private static final int PATCH_BYTES = 4;

    private Patches() {}

    /**
     * Damages blocks.
     *
     * @param blocks any number of them
     * @param bytes of the fuzzer: the first says whether checksums are set right afterwards, each four that follow are
     *     a block, an offset in it and a value
     */
    static void apply(ByteBuffer blocks, byte[] bytes) {
        if (bytes.length == 0) {
            return;
        }
        int count = blocks.capacity() / Blocks.BLOCK_BYTES;
        for (int i = 1; i + PATCH_BYTES <= bytes.length; i += PATCH_BYTES) {
            int block = Byte.toUnsignedInt(bytes[i]) % count;
            int offset = (Byte.toUnsignedInt(bytes[i + 1]) << 8) | Byte.toUnsignedInt(bytes[i + 2]);
            blocks.put(block * Blocks.BLOCK_BYTES + offset, bytes[i + 3]);
        }
        if ((bytes[0] & 1) != 0) {
            for (int block = 0; block < count; block++) {
                reseal(blocks.slice(block * Blocks.BLOCK_BYTES, Blocks.BLOCK_BYTES));
            }
        }
    }

    /** Sets the checksum right that the block says to have. */
    private static void reseal(ByteBuffer block) {
        int used = block.getInt(12);
        if (used >= Integer.BYTES && used <= Blocks.BLOCK_BYTES) {
            CRC32C crc = new CRC32C();
            crc.update(block.slice(0, used - Integer.BYTES));
            block.putInt(used - Integer.BYTES, (int) crc.getValue());
        }
    }
}
