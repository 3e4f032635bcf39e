package kvstore.lustre;

import kvstore.api.Blocks;

/**
 * How much {@link MountVerifier} moves to measure throughput.
 *
 * @param pieceBytes of one operation; a multiple of 64 KiB, 64 MiB at most
 * @param fileBytes of the file that is written and read; a tenth of what is available if that is less
 * @param eachMillis how long one measurement takes; there are six. 0 for none
 * @param bytesMax most bytes that one measurement moves
 */
public record MountLoad(long pieceBytes, long fileBytes, long eachMillis, long bytesMax) {
    private static final long PIECE_BYTES_MAX = 64L << 20;

    public MountLoad {
        if (pieceBytes <= 0 || pieceBytes > PIECE_BYTES_MAX || !Blocks.isAligned(pieceBytes)) {
            throw new IllegalArgumentException(
                    "pieceBytes is a multiple of " + Blocks.BLOCK_BYTES + " up to 64 MiB, not " + pieceBytes);
        }
        if (fileBytes < 0 || eachMillis < 0 || bytesMax < 0) {
            throw new IllegalArgumentException(
                    "a load is not negative: " + fileBytes + ", " + eachMillis + ", " + bytesMax);
        }
    }

    /** Pieces of one stripe in a file of 1 GiB, and 16 GiB in all at most. */
    public static MountLoad of(long eachMillis) {
        return new MountLoad(16L << 20, 1L << 30, eachMillis, 16L << 30);
    }
}
