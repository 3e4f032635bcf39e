package kvstore.server.identity;

import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.PBEKeySpec;

/**
 * A password as it may lie in a file: PBKDF2 with HMAC-SHA-512, which every Java has, with the number of rounds that OWASP
 * asks for. To guess one password costs about as long as a login.
 */
final class PasswordHash {
    private static final Pattern FORM =
            Pattern.compile("\\$pbkdf2-sha512\\$i=([1-9]\\d{3,7})\\$([A-Za-z0-9+/]{22,86})\\$([A-Za-z0-9+/]{43,86})");
    private static final int ITERATIONS = 210_000;
    private static final int MAX_ITERATIONS = 10_000_000;
    private static final int SALT_BYTES = 16;
    private static final int HASH_BYTES = 32;

    /** Takes as long as any other to be compared with, and fits no password. */
    static final PasswordHash OF_NOBODY = new PasswordHash(ITERATIONS, new byte[SALT_BYTES], new byte[HASH_BYTES]);

    private final int iterations;
    private final byte[] salt;
    private final byte[] hash;

    private PasswordHash(int iterations, byte[] salt, byte[] hash) {
        this.iterations = iterations;
        this.salt = salt;
        this.hash = hash;
    }

    /** A new one, with a salt of its own. */
    static PasswordHash of(char[] password) {
        byte[] salt = new byte[SALT_BYTES];
        new SecureRandom().nextBytes(salt);
        return new PasswordHash(ITERATIONS, salt, derive(password, salt, ITERATIONS, HASH_BYTES));
    }

    /** @throws IllegalArgumentException if it is none; the message has nothing of the text */
    static PasswordHash parse(String text) {
        Matcher matcher = FORM.matcher(text);
        if (!matcher.matches() || Integer.parseInt(matcher.group(1)) > MAX_ITERATIONS) {
            throw new IllegalArgumentException("is no hash of kvstore hash-password");
        }
        Base64.Decoder decoder = Base64.getDecoder();
        return new PasswordHash(
                Integer.parseInt(matcher.group(1)), decoder.decode(matcher.group(2)), decoder.decode(matcher.group(3)));
    }

    /** Whether it is this password's. Takes about a tenth of a second of one core. */
    boolean fits(char[] password) {
        return MessageDigest.isEqual(hash, derive(password, salt, iterations, hash.length));
    }

    /** As {@link #parse} reads it. */
    String format() {
        Base64.Encoder encoder = Base64.getEncoder().withoutPadding();
        return "$pbkdf2-sha512$i=%d$%s$%s"
                .formatted(iterations, encoder.encodeToString(salt), encoder.encodeToString(hash));
    }

    private static byte[] derive(char[] password, byte[] salt, int iterations, int bytes) {
        PBEKeySpec spec = new PBEKeySpec(password, salt, iterations, bytes * Byte.SIZE);
        try {
            return SecretKeyFactory.getInstance("PBKDF2WithHmacSHA512")
                    .generateSecret(spec)
                    .getEncoded();
        } catch (GeneralSecurityException e) {
            throw new AssertionError("every Java has PBKDF2", e);
        } finally {
            spec.clearPassword();
        }
    }
}
