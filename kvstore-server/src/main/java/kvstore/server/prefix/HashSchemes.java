package kvstore.server.prefix;

import com.google.protobuf.ByteString;
import kvstore.v1.HashAlgorithm;
import kvstore.v1.HashEra;
import kvstore.v1.HashScheme;

/** The ways of hashing that the wire names. */
public final class HashSchemes {
    private static final int DIGEST_BYTES = 32;

    private HashSchemes() {}

    /**
     * What hashes as a scheme says.
     *
     * @param unsaidEra the era where the scheme names none
     * @throws IllegalArgumentException naming the field, if the scheme cannot be
     */
    public static ChunkHasher hasher(HashScheme scheme, HashEra unsaidEra) {
        HashEra era = era(scheme, unsaidEra);
        ChainHash.Kind kind = kind(scheme, unsaidEra);
        return switch (scheme.getAlgorithm()) {
            case HASH_ALGORITHM_UNSPECIFIED, HASH_ALGORITHM_BLAKE3 ->
                new Blake3Hasher(
                        scheme.getNoneHash().isEmpty() ? Blake3Hasher.defaultNoneHash() : noneHash(scheme, kind));
            case HASH_ALGORITHM_SHA256_CBOR, HASH_ALGORITHM_SHA256_CBOR_64BIT -> {
                Sha256CborHasher.Fold fold = fold(scheme.getAlgorithm(), era);
                yield new Sha256CborHasher(
                        scheme.getNoneHash().isEmpty()
                                ? Sha256CborHasher.defaultNoneHash(fold)
                                : noneHash(scheme, kind),
                        era == HashEra.HASH_ERA_NONE ? CborTuple.NONE : CborTuple.EMPTY,
                        fold);
            }
            case HASH_ALGORITHM_BUILTIN ->
                new BuiltinHasher(
                        scheme.getNoneHash().isEmpty() ? BuiltinHasher.DEFAULT_NONE_HASH : noneHash(scheme, kind),
                        era == HashEra.HASH_ERA_NONE ? BuiltinHasher.NONE : BuiltinHasher.EMPTY);
            case UNRECOGNIZED ->
                throw new IllegalArgumentException("scheme.algorithm is " + scheme.getAlgorithmValue()
                        + "; this daemon knows 0 to " + (HashAlgorithm.values().length - 2));
        };
    }

    /** What kind of hash the scheme makes. As {@link #hasher}. */
    public static ChainHash.Kind kind(HashScheme scheme, HashEra unsaidEra) {
        return switch (scheme.getAlgorithm()) {
            case HASH_ALGORITHM_BUILTIN -> ChainHash.Kind.SIGNED;
            case HASH_ALGORITHM_SHA256_CBOR, HASH_ALGORITHM_SHA256_CBOR_64BIT ->
                fold(scheme.getAlgorithm(), era(scheme, unsaidEra)) == Sha256CborHasher.Fold.NOT
                        ? ChainHash.Kind.DIGEST
                        : ChainHash.Kind.UNSIGNED;
            default -> ChainHash.Kind.DIGEST;
        };
    }

    private static HashEra era(HashScheme scheme, HashEra unsaidEra) {
        return switch (scheme.getEra()) {
            case HASH_ERA_UNSPECIFIED -> unsaidEra;
            case UNRECOGNIZED ->
                throw new IllegalArgumentException("scheme.era is " + scheme.getEraValue() + "; this daemon knows 0 to "
                        + (HashEra.values().length - 2));
            default -> scheme.getEra();
        };
    }

    private static Sha256CborHasher.Fold fold(HashAlgorithm algorithm, HashEra era) {
        if (algorithm == HashAlgorithm.HASH_ALGORITHM_SHA256_CBOR_64BIT) {
            return Sha256CborHasher.Fold.LAST_8_BYTES;
        }
        return era == HashEra.HASH_ERA_FOLDED ? Sha256CborHasher.Fold.FIRST_8_BYTES : Sha256CborHasher.Fold.NOT;
    }

    /** Where vLLM is missing, the chain begins with an integer also where the hashes are digests. */
    private static ChainHash noneHash(HashScheme scheme, ChainHash.Kind kind) {
        ByteString noneHash = scheme.getNoneHash();
        boolean digest = kind == ChainHash.Kind.DIGEST;
        if (noneHash.size() != Long.BYTES && !(digest && noneHash.size() == DIGEST_BYTES)) {
            throw new IllegalArgumentException("scheme.none_hash has " + noneHash.size() + " bytes; "
                    + (digest ? DIGEST_BYTES + " (a digest) or " : "") + Long.BYTES + " (an integer) are allowed");
        }
        if (digest && noneHash.size() == Long.BYTES) {
            return ChainHash.of(ChainHash.Kind.SIGNED, noneHash.toByteArray());
        }
        return ChainHash.of(kind, noneHash.toByteArray());
    }
}
