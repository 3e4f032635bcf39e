package kvstore.store;

import java.nio.ByteBuffer;
import kvstore.api.KeyDigest;

/**
 * Says that the records of a key no longer count.
 *
 * <p>It carries its own sequence, not that of the tombstone it lies in: so it can be written late, again, or in a later
 * segment, and never hides what was stored after the delete.
 *
 * @param below records of the key with a lower sequence are hidden
 */
record Hide(KeyDigest digest, long below) {
    /** Size on disk. */
    static final int BYTES = KeyDigest.BYTES + Long.BYTES;

    void encode(ByteBuffer block) {
        block.putLong(digest.high()).putLong(digest.low()).putLong(below);
    }
}
