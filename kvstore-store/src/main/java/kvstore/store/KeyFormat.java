package kvstore.store;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import kvstore.api.ChunkKey;

/** Namespace and key as they lie on disk, one after the other. */
final class KeyFormat {
    private KeyFormat() {}

    /** @throws CorruptRecordException if these cannot be namespace and key */
    static ChunkKey get(ByteBuffer block, int offset, int namespaceBytes, int keyBytes) throws CorruptRecordException {
        byte[] key = new byte[keyBytes];
        block.get(offset + namespaceBytes, key);
        try {
            String namespace = namespaceBytes == 0
                    ? ChunkKey.DEFAULT_NAMESPACE
                    : StandardCharsets.UTF_8
                            .newDecoder()
                            .decode(block.slice(offset, namespaceBytes))
                            .toString();
            return ChunkKey.of(namespace, key);
        } catch (CharacterCodingException | IllegalArgumentException e) {
            CorruptRecordException corrupt = new CorruptRecordException("the record's key makes no sense");
            corrupt.initCause(e);
            throw corrupt;
        }
    }
}
