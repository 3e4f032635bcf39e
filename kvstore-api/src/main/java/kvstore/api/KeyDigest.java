package kvstore.api;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/**
 * The first 128 bits of SHA-256 over namespace and key, which is what the index holds in place of the key.
 *
 * <p>Cryptographic, because callers choose the keys: nobody may be able to construct two that collide. Every read
 * compares the full key in the record all the same.
 *
 * @param high bytes 0 to 7 of the digest, big-endian
 * @param low bytes 8 to 15 of the digest, big-endian
 */
public record KeyDigest(long high, long low) {
    /** Digest size on disk, in bytes. */
    public static final int BYTES = 16;

    private static final ThreadLocal<MessageDigest> SHA_256 = ThreadLocal.withInitial(KeyDigest::sha256);

    /** The digest of {@code length of namespace as one byte | namespace | key}. */
    public static KeyDigest of(ChunkKey key) {
        byte[] namespace = key.namespace().getBytes(StandardCharsets.UTF_8);
        MessageDigest sha256 = SHA_256.get();
        sha256.update((byte) namespace.length);
        sha256.update(namespace);
        ByteBuffer digest = ByteBuffer.wrap(sha256.digest(key.bytes())).order(ByteOrder.BIG_ENDIAN);
        return new KeyDigest(digest.getLong(), digest.getLong());
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-256", e);
        }
    }
}
