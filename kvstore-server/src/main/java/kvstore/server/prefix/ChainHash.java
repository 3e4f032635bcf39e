package kvstore.server.prefix;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;

/** The hash of a chunk and all chunks before it: a digest, or an integer where Python's hash or LMCache made it one. */
public final class ChainHash {
    /** What kind of Python value the hash is. */
    public enum Kind {
        /** {@code bytes}. */
        DIGEST,
        /** An {@code int} of 64 bits with a sign. */
        SIGNED,
        /** An {@code int} of 64 bits without. */
        UNSIGNED
    }

    private final Kind kind;
    private final byte[] bytes;

    private ChainHash(Kind kind, byte[] bytes) {
        this.kind = kind;
        this.bytes = bytes;
    }

    static ChainHash digest(byte[] digest) {
        return new ChainHash(Kind.DIGEST, digest);
    }

    static ChainHash signed(long value) {
        return integer(Kind.SIGNED, value);
    }

    static ChainHash unsigned(long value) {
        return integer(Kind.UNSIGNED, value);
    }

    private static ChainHash integer(Kind kind, long value) {
        return new ChainHash(
                kind, ByteBuffer.allocate(Long.BYTES).putLong(value).array());
    }

    /**
     * A hash as the wire has it.
     *
     * @throws IllegalArgumentException if an integer has not 8 bytes
     */
    public static ChainHash of(Kind kind, byte[] bytes) {
        if (kind != Kind.DIGEST && bytes.length != Long.BYTES) {
            throw new IllegalArgumentException("has " + bytes.length + " bytes; an integer has " + Long.BYTES);
        }
        return new ChainHash(kind, bytes.clone());
    }

    Kind kind() {
        return kind;
    }

    /** Not to be changed: a digest, or the 8 bytes of an integer, big-endian. */
    byte[] raw() {
        return bytes;
    }

    /** The 64 bits of an integer. */
    long number() {
        return ByteBuffer.wrap(bytes).getLong();
    }

    /** A digest, or the 8 bytes of an integer, big-endian, as {@code lmcache server} makes keys of it. */
    public byte[] bytes() {
        return bytes.clone();
    }

    /** The digits of {@link #bytes}. */
    String paddedHex() {
        return HexFormat.of().formatHex(bytes);
    }

    /** As Python's {@code bytes.hex()} or {@code format(int, 'x')}: an integer has no zeros in front, and a sign. */
    String pythonHex() {
        return switch (kind) {
            case DIGEST -> paddedHex();
            case UNSIGNED -> Long.toHexString(number());
            case SIGNED -> Long.toString(number(), 16);
        };
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof ChainHash hash && kind == hash.kind && Arrays.equals(bytes, hash.bytes);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(bytes);
    }

    @Override
    public String toString() {
        return pythonHex();
    }
}
