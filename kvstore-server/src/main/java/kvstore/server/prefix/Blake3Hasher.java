package kvstore.server.prefix;

import java.nio.ByteBuffer;
import java.util.function.IntUnaryOperator;
import org.apache.commons.codec.digest.Blake3;

/** BLAKE3 over the prefix and the tokens as 32-bit big-endian integers: the default of {@code lmcache server}. */
final class Blake3Hasher implements ChunkHasher {
    private static final int DIGEST_BYTES = 32;

    private final ChainHash noneHash;

    Blake3Hasher(ChainHash noneHash) {
        this.noneHash = noneHash;
    }

    /** What LMCache takes: the hash of token 0 after the integer 0. */
    static ChainHash defaultNoneHash() {
        return hash(new byte[Long.BYTES + Integer.BYTES]);
    }

    @Override
    public ChainHash noneHash() {
        return noneHash;
    }

    @Override
    public ChainHash next(ChainHash prefix, IntUnaryOperator tokens, int from, int to) {
        byte[] before = prefix.raw();
        ByteBuffer input = ByteBuffer.allocate(before.length + (to - from) * Integer.BYTES);
        input.put(before);
        for (int i = from; i < to; i++) {
            input.putInt(tokens.applyAsInt(i));
        }
        return hash(input.array());
    }

    private static ChainHash hash(byte[] input) {
        byte[] digest = new byte[DIGEST_BYTES];
        Blake3.initHash().update(input).doFinalize(digest);
        return ChainHash.digest(digest);
    }
}
