package kvstore.server.prefix;

import java.util.function.IntUnaryOperator;

/**
 * CPython's {@code hash()} of a tuple, on machines with 64 bits (Objects/tupleobject.c and Python/pyhash.c, 3.8 and newer).
 * Where {@code None} is hashed it is that of 3.12 and newer: before, it was the address of the object.
 */
final class BuiltinHasher implements ChunkHasher {
    /** {@code hash("0")} with PYTHONHASHSEED=0 on CPython 3.11 and newer, which is what vLLM takes. */
    static final ChainHash DEFAULT_NONE_HASH = ChainHash.signed(5313149338359954478L);

    /** {@code hash(None)} on CPython 3.12 and newer. */
    static final long NONE = 0xFCA86420L;
    /** {@code hash(())}. */
    static final long EMPTY = new Tuple().hash();

    /** Integers are hashed modulo this Mersenne prime. */
    private static final long MODULUS = (1L << 61) - 1;

    private final ChainHash noneHash;
    private final long extra;

    /** @param extra hash of the third item, {@link #NONE} or {@link #EMPTY} */
    BuiltinHasher(ChainHash noneHash, long extra) {
        this.noneHash = noneHash;
        this.extra = extra;
    }

    @Override
    public ChainHash noneHash() {
        return noneHash;
    }

    @Override
    public ChainHash next(ChainHash prefix, IntUnaryOperator tokens, int from, int to) {
        Tuple chunk = new Tuple();
        for (int i = from; i < to; i++) {
            chunk.add(Integer.toUnsignedLong(tokens.applyAsInt(i)));
        }
        Tuple whole = new Tuple();
        whole.add(hash(prefix.number()));
        whole.add(chunk.hash());
        whole.add(extra);
        return ChainHash.signed(whole.hash());
    }

    /** The hash of an {@code int}: -1 is what C functions return for an error, and becomes -2. */
    private static long hash(long value) {
        long hash = value % MODULUS;
        return hash == -1 ? -2 : hash;
    }

    private static final class Tuple {
        private static final long PRIME_1 = 0x9E3779B185EBCA87L;
        private static final long PRIME_2 = 0xC2B2AE3D27D4EB4FL;
        private static final long PRIME_5 = 0x27D4EB2F165667C5L;
        private static final long LENGTH_MASK = PRIME_5 ^ 3527539L;
        private static final long INSTEAD_OF_MINUS_1 = 1546275796L;

        private long accumulator = PRIME_5;
        private int length;

        void add(long itemHash) {
            accumulator = Long.rotateLeft(accumulator + itemHash * PRIME_2, 31) * PRIME_1;
            length++;
        }

        long hash() {
            long hash = accumulator + (length ^ LENGTH_MASK);
            return hash == -1 ? INSTEAD_OF_MINUS_1 : hash;
        }
    }
}
