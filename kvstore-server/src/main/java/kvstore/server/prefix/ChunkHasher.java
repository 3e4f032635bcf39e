package kvstore.server.prefix;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntUnaryOperator;

/** One way to hash chunks in a chain. Used by one thread. */
public interface ChunkHasher {
    /** What stands before the first chunk. */
    ChainHash noneHash();

    /**
     * The hash of the next chunk.
     *
     * @param prefix of the chunk before, or {@link #noneHash}
     * @param tokens id of token i, 32 bits without a sign
     * @param from first token of the chunk
     * @param to behind its last token
     */
    ChainHash next(ChainHash prefix, IntUnaryOperator tokens, int from, int to);

    /** The hashes of the first {@code chunks} chunks of a prompt; the last may be short. */
    default List<ChainHash> hash(IntUnaryOperator tokens, int tokenCount, int chunkSize, int chunks) {
        List<ChainHash> hashes = new ArrayList<>(chunks);
        ChainHash prefix = noneHash();
        for (int chunk = 0; chunk < chunks; chunk++) {
            int from = chunk * chunkSize;
            int to = (int) Math.min((long) from + chunkSize, tokenCount);
            prefix = next(prefix, tokens, from, to);
            hashes.add(prefix);
        }
        return hashes;
    }
}
