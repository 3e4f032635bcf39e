package kvstore.server;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import java.lang.foreign.MemorySegment;
import java.util.Random;

/**
 * Values that follow from their key and length, so that any answer can be judged without a copy of what was put. They are
 * cut out of one block of random bytes, each from a place of its own, because making so many anew would take longer than to
 * move them.
 */
final class Payloads {
    static final int LENGTH_MAX = 20 << 20;

    private static final byte[] BLOCK = new byte[LENGTH_MAX + (4 << 20)];

    static {
        new Random(1).nextBytes(BLOCK);
    }

    private Payloads() {}

    static ByteString bytes(String key, int length) {
        int start = start(key, length);
        return UnsafeByteOperations.unsafeWrap(BLOCK, start, length);
    }

    static MemorySegment memory(String key, int length) {
        return MemorySegment.ofArray(BLOCK).asSlice(start(key, length), length).asReadOnly();
    }

    private static int start(String key, int length) {
        return Math.floorMod(31 * key.hashCode() + length * 0x9E3779B1, BLOCK.length - LENGTH_MAX);
    }
}
