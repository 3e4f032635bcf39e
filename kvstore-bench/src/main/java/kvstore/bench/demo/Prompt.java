package kvstore.bench.demo;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import kvstore.api.ChunkKey;

/**
 * A prompt, as the cache sees it: the keys of its chunks, first to last.
 *
 * <p>They are formed as LMCache 0.5 does, {@code model@rank@group@hash}, with rank 0 of a world of one. The hash of a chunk
 * covers its tokens and the hash before it, so that a key stands for the whole prefix. Here it is SHA-256; what LMCache
 * takes depends on its configuration.
 */
record Prompt(ModelShape shape, List<ChunkKey> keys) {
    /** {@code world size, rank, local world size, local rank}, a byte each. */
    private static final String RANK_0_OF_1 = "01000100";

    private static final int OBJECT_GROUP = 0;
    private static final int VOCABULARY = 128_256;

    Prompt {
        keys = List.copyOf(keys);
    }

    /**
     * A prompt of pseudo-random tokens.
     *
     * @param tokens those after the last whole chunk are left out, as LMCache does
     */
    static Prompt of(ModelShape shape, int tokens, long seed) {
        RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
        MessageDigest sha256 = sha256();
        byte[] hash = new byte[sha256.getDigestLength()];
        ByteBuffer chunk =
                ByteBuffer.allocate(shape.chunkTokens() * Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        List<ChunkKey> keys = new ArrayList<>();
        for (int end = shape.chunkTokens(); end <= tokens; end += shape.chunkTokens()) {
            chunk.clear();
            while (chunk.hasRemaining()) {
                chunk.putInt(random.nextInt(VOCABULARY));
            }
            sha256.update(hash);
            hash = sha256.digest(chunk.array());
            keys.add(ChunkKey.of("%s@%s@%x@%s"
                    .formatted(
                            shape.name(),
                            RANK_0_OF_1,
                            OBJECT_GROUP,
                            HexFormat.of().formatHex(hash))));
        }
        return new Prompt(shape, keys);
    }

    int chunks() {
        return keys.size();
    }

    long bytes() {
        return chunks() * shape.chunkBytes();
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java has SHA-256", e);
        }
    }
}
