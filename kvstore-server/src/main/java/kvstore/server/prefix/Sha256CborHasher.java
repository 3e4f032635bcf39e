package kvstore.server.prefix;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.function.IntUnaryOperator;

/** SHA-256 over canonical CBOR, as vLLM has it, with LMCache's changes over time. */
final class Sha256CborHasher implements ChunkHasher {
    /** What becomes of a digest before it goes on in the chain. */
    enum Fold {
        /** It stays. */
        NOT,
        /** The integer in its first 8 bytes: LMCache since about 0.4.6. */
        FIRST_8_BYTES,
        /** The integer in its last 8 bytes: vLLM's {@code sha256_cbor_64bit}. */
        LAST_8_BYTES
    }

    /** The seed that users are told to set: the text is what vLLM hashes. */
    private static final String PYTHONHASHSEED = "0";

    private final MessageDigest sha256 = sha256();
    private final ChainHash noneHash;
    private final byte extra;
    private final Fold fold;

    /** @param extra the third item, {@link CborTuple#NONE} or {@link CborTuple#EMPTY} */
    Sha256CborHasher(ChainHash noneHash, byte extra, Fold fold) {
        this.noneHash = noneHash;
        this.extra = extra;
        this.fold = fold;
    }

    static ChainHash defaultNoneHash(Fold fold) {
        return hash(sha256(), CborTuple.text(PYTHONHASHSEED), fold);
    }

    @Override
    public ChainHash noneHash() {
        return noneHash;
    }

    @Override
    public ChainHash next(ChainHash prefix, IntUnaryOperator tokens, int from, int to) {
        return hash(sha256, CborTuple.of(prefix, tokens, from, to, extra), fold);
    }

    private static ChainHash hash(MessageDigest sha256, ByteBuffer input, Fold fold) {
        sha256.update(input);
        byte[] digest = sha256.digest();
        return switch (fold) {
            case NOT -> ChainHash.digest(digest);
            case FIRST_8_BYTES -> ChainHash.unsigned(ByteBuffer.wrap(digest).getLong());
            case LAST_8_BYTES -> ChainHash.unsigned(ByteBuffer.wrap(digest).getLong(digest.length - Long.BYTES));
        };
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-256", e);
        }
    }
}
