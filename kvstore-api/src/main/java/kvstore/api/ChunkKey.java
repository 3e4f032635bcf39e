package kvstore.api;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;

/**
 * The name of a chunk: opaque bytes inside a namespace.
 *
 * <p>LMCache puts model, rank, object group and the chained hash of the prefix into the bytes, in forms that changed
 * over its releases. They are therefore compared as a whole and never parsed on the way of a put or a get.
 */
public final class ChunkKey {
    /** Longest key, in bytes. */
    public static final int MAX_BYTES = 1024;

    /** Longest namespace, in bytes of UTF-8. */
    public static final int MAX_NAMESPACE_BYTES = 128;

    /** The namespace of callers that have none. */
    public static final String DEFAULT_NAMESPACE = "";

    private static final String HEX_PREFIX = "hex:";

    private final String namespace;
    private final byte[] bytes;

    private ChunkKey(String namespace, byte[] bytes) {
        this.namespace = namespace;
        this.bytes = bytes;
    }

    /**
     * A key of the default namespace. The array is not copied and must not change afterwards.
     *
     * @throws IllegalArgumentException if the key is empty or longer than {@link #MAX_BYTES}
     */
    public static ChunkKey of(byte[] bytes) {
        return of(DEFAULT_NAMESPACE, bytes);
    }

    /** As {@link #of(byte[])}, from text. */
    public static ChunkKey of(String text) {
        return of(DEFAULT_NAMESPACE, text.getBytes(StandardCharsets.UTF_8));
    }

    /**
     * A key of a namespace. The array is not copied and must not change afterwards.
     *
     * @throws IllegalArgumentException if the key is empty, or key or namespace are too long
     */
    public static ChunkKey of(String namespace, byte[] bytes) {
        if (bytes.length == 0 || bytes.length > MAX_BYTES) {
            throw new IllegalArgumentException("a key has 1 to " + MAX_BYTES + " bytes, not " + bytes.length);
        }
        if (namespace.getBytes(StandardCharsets.UTF_8).length > MAX_NAMESPACE_BYTES) {
            throw new IllegalArgumentException("a namespace has at most " + MAX_NAMESPACE_BYTES + " bytes of UTF-8");
        }
        return new ChunkKey(namespace, bytes);
    }

    public String namespace() {
        return namespace;
    }

    public int length() {
        return bytes.length;
    }

    /** The bytes themselves, not a copy: callers must not write to them. */
    public byte[] bytes() {
        return bytes;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof ChunkKey that && namespace.equals(that.namespace) && Arrays.equals(bytes, that.bytes);
    }

    @Override
    public int hashCode() {
        return 31 * namespace.hashCode() + Arrays.hashCode(bytes);
    }

    /**
     * A key of the default namespace from text as {@link #toString} shows it: itself, or {@code hex:} and the digits of the
     * bytes.
     *
     * @throws IllegalArgumentException if the key is empty or too long, or what follows {@code hex:} are no digits
     */
    public static ChunkKey parse(String text) {
        if (!text.startsWith(HEX_PREFIX)) {
            return of(text);
        }
        try {
            return of(HexFormat.of().parseHex(text.substring(HEX_PREFIX.length())));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("key '%s': %s".formatted(text, e.getMessage()), e);
        }
    }

    /** The key as text for people: UTF-8 where it is printable, else {@code hex:} and its digits. */
    @Override
    public String toString() {
        try {
            String text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
            if (text.chars().noneMatch(Character::isISOControl)) {
                return text;
            }
        } catch (CharacterCodingException _) {
            // not text: shown as digits below
        }
        return HEX_PREFIX + HexFormat.of().formatHex(bytes);
    }
}
