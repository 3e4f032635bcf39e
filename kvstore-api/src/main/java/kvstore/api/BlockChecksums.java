package kvstore.api;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.zip.CRC32C;

/**
 * The checksum of a payload: one CRC32C (RFC 3720, appendix B.4) for each block of {@link Blocks#BLOCK_BYTES} bytes; the
 * last block may be shorter and is not padded.
 *
 * <p>Fixed blocks rather than one sum over everything, so that a GPU kernel can compute them side by side, a piece of a
 * payload can be verified before the rest has arrived, and a bad block can be named.
 */
public final class BlockChecksums {
    private final int[] crcs;

    private BlockChecksums(int[] crcs) {
        this.crcs = crcs;
    }

    /** Checksums read from somewhere, one per block. The array is not copied. */
    public static BlockChecksums of(int[] crcs) {
        return new BlockChecksums(crcs);
    }

    /** The number of blocks. */
    public int count() {
        return crcs.length;
    }

    /** CRC32C of block {@code index}. */
    public int crc(int index) {
        return crcs[index];
    }

    /**
     * Compares a piece of the payload with its checksums.
     *
     * @param payloadOffset where the piece starts in the payload; a multiple of {@link Blocks#BLOCK_BYTES}
     * @param piece whole blocks, unless it is the end of the payload
     * @return the index of the first block that differs, or -1 if all are right
     */
    public int firstMismatch(long payloadOffset, MemorySegment piece) {
        if (!Blocks.isAligned(payloadOffset)) {
            throw new IllegalArgumentException("payload offset " + payloadOffset + " is not at a block boundary");
        }
        int block = Math.toIntExact(payloadOffset / Blocks.BLOCK_BYTES);
        CRC32C crc = new CRC32C();
        for (long offset = 0; offset < piece.byteSize(); offset += Blocks.BLOCK_BYTES, block++) {
            long length = Math.min(Blocks.BLOCK_BYTES, piece.byteSize() - offset);
            crc.reset();
            crc.update(piece.asSlice(offset, length).asByteBuffer());
            if (block >= crcs.length || (int) crc.getValue() != crcs[block]) {
                return block;
            }
        }
        return -1;
    }

    /**
     * Compares checksums computed elsewhere.
     *
     * @param firstBlock which block of the payload block 0 of {@code piece} is
     * @return the index of the first block that differs, or -1 if all are right
     */
    public int firstMismatch(int firstBlock, BlockChecksums piece) {
        for (int i = 0; i < piece.crcs.length; i++) {
            int block = firstBlock + i;
            if (block >= crcs.length || crcs[block] != piece.crcs[i]) {
                return block;
            }
        }
        return -1;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof BlockChecksums that && Arrays.equals(crcs, that.crcs);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(crcs);
    }

    /** Computes the checksums of a payload that arrives bit by bit, in order. Not thread-safe. */
    public static final class Accumulator {
        private final int[] crcs;
        private final long payloadBytes;
        private final CRC32C crc = new CRC32C();
        private long consumedBytes;

        /** For a payload of exactly {@code payloadBytes}. */
        public Accumulator(long payloadBytes) {
            this.payloadBytes = payloadBytes;
            this.crcs = new int[Math.toIntExact(Blocks.count(payloadBytes))];
        }

        /**
         * Takes the next bytes.
         *
         * @throws IllegalArgumentException if they are more than the payload has left
         */
        public void update(MemorySegment bytes) {
            if (consumedBytes + bytes.byteSize() > payloadBytes) {
                throw new IllegalArgumentException("more bytes than the " + payloadBytes + " announced");
            }
            long offset = 0;
            while (offset < bytes.byteSize()) {
                long inBlock = consumedBytes % Blocks.BLOCK_BYTES;
                long length = Math.min(Blocks.BLOCK_BYTES - inBlock, bytes.byteSize() - offset);
                crc.update(bytes.asSlice(offset, length).asByteBuffer());
                consumedBytes += length;
                offset += length;
                if (consumedBytes % Blocks.BLOCK_BYTES == 0 || consumedBytes == payloadBytes) {
                    crcs[(int) ((consumedBytes - 1) / Blocks.BLOCK_BYTES)] = (int) crc.getValue();
                    crc.reset();
                }
            }
        }

        /**
         * The checksums of the whole payload.
         *
         * @throws IllegalStateException if bytes are missing
         */
        public BlockChecksums finish() {
            if (consumedBytes != payloadBytes) {
                throw new IllegalStateException(consumedBytes + " of " + payloadBytes + " bytes seen");
            }
            return new BlockChecksums(crcs);
        }
    }
}
