package kvstore.server.prefix;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.function.IntUnaryOperator;

/**
 * Canonical CBOR (RFC 8949, section 4.2) of the few things that vLLM hashes. Written out here, because it is one method
 * for the heads, and a library would bring a data model that every token had to go through as an object.
 */
final class CborTuple {
    /** The simple value {@code null}, Python's {@code None}. */
    static final byte NONE = (byte) 0xF6;
    /** An array without items, Python's {@code ()}. */
    static final byte EMPTY = (byte) 0x80;

    private static final int UNSIGNED = 0;
    private static final int NEGATIVE = 1;
    private static final int BYTES = 2;
    private static final int TEXT = 3;
    private static final int ARRAY = 4;
    private static final int HEAD_BYTES_MAX = 9;
    private static final int TOKEN_BYTES_MAX = 5;

    private CborTuple() {}

    /** {@code (prefix, (token, ...), extra)}, ready to be read. */
    static ByteBuffer of(ChainHash prefix, IntUnaryOperator tokens, int from, int to, byte extra) {
        ByteBuffer out = ByteBuffer.allocate(
                1 + HEAD_BYTES_MAX + prefix.raw().length + HEAD_BYTES_MAX + (to - from) * TOKEN_BYTES_MAX + 1);
        head(out, ARRAY, 3);
        switch (prefix.kind()) {
            case DIGEST -> {
                head(out, BYTES, prefix.raw().length);
                out.put(prefix.raw());
            }
            case UNSIGNED -> head(out, UNSIGNED, prefix.number());
            case SIGNED -> {
                long number = prefix.number();
                // a negative n is written as -1 - n, which is its complement
                head(out, number < 0 ? NEGATIVE : UNSIGNED, number < 0 ? ~number : number);
            }
        }
        head(out, ARRAY, to - from);
        for (int i = from; i < to; i++) {
            head(out, UNSIGNED, Integer.toUnsignedLong(tokens.applyAsInt(i)));
        }
        return out.put(extra).flip();
    }

    static ByteBuffer text(String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        ByteBuffer out = ByteBuffer.allocate(HEAD_BYTES_MAX + utf8.length);
        head(out, TEXT, utf8.length);
        return out.put(utf8).flip();
    }

    /** The major type and its argument, 64 bits without a sign, in the shortest form. */
    private static void head(ByteBuffer out, int major, long argument) {
        int type = major << 5;
        if (argument >>> 32 != 0) {
            out.put((byte) (type | 27)).putLong(argument);
        } else if (argument >= 1 << 16) {
            out.put((byte) (type | 26)).putInt((int) argument);
        } else if (argument >= 1 << 8) {
            out.put((byte) (type | 25)).putShort((short) argument);
        } else if (argument >= 24) {
            out.put((byte) (type | 24)).put((byte) argument);
        } else {
            out.put((byte) (type | argument));
        }
    }
}
