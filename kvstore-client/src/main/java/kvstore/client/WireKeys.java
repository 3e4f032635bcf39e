package kvstore.client;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import java.util.BitSet;
import java.util.List;
import kvstore.api.ChunkKey;

/** Keys and sets of keys as the wire has them. */
final class WireKeys {
    private WireKeys() {}

    static void requireDefaultNamespace(ChunkKey key) {
        if (!key.namespace().equals(ChunkKey.DEFAULT_NAMESPACE)) {
            throw new IllegalArgumentException(
                    "the wire has no namespaces, and key %s is of '%s'".formatted(key, key.namespace()));
        }
    }

    /** The key's bytes, not copied: keys never change. */
    static ByteString bytes(ChunkKey key) {
        requireDefaultNamespace(key);
        return UnsafeByteOperations.unsafeWrap(key.bytes());
    }

    static List<ByteString> bytes(List<ChunkKey> keys) {
        return keys.stream().map(WireKeys::bytes).toList();
    }

    /** Bit i is bit {@code i % 8} of byte {@code i / 8}, least significant first. */
    static BitSet bits(ByteString bitmap) {
        return BitSet.valueOf(bitmap.asReadOnlyByteBuffer());
    }
}
