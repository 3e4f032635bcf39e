package kvstore.server.grpc;

import com.google.protobuf.ByteString;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import kvstore.server.metrics.DaemonMetrics;
import kvstore.server.prefix.ChunkHasher;
import kvstore.server.prefix.HashSchemes;
import kvstore.v1.HashAlgorithm;
import kvstore.v1.HashCheck;
import kvstore.v1.HashCheckResult;
import kvstore.v1.HashEra;
import kvstore.v1.HashScheme;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Compares what a client's LMCache computes for fixed tokens with what this daemon computes, and says what differs. */
final class HashChecks {
    private static final Logger log = LoggerFactory.getLogger(HashChecks.class);

    private static final int MAX_CHECKS = 8;
    private static final int MAX_CHUNK_SIZE = 8192;
    /** LMCache's default, and other sizes that its documentation shows. */
    private static final List<Integer> USUAL_CHUNK_SIZES = List.of(16, 32, 64, 128, 256, 512, 1024);

    private static final String PYTHONS_HASH =
            "an integer where a digest was to come: LMCache finds no vLLM and hashes with Python's hash instead, so install"
                    + " vLLM where LMCache runs, or set --hash-algorithm blake3 for lmcache server";

    private HashChecks() {}

    static List<HashCheckResult> answer(String client, List<HashCheck> checks, DaemonMetrics metrics) {
        if (checks.size() > MAX_CHECKS) {
            throw Requests.invalid(
                    "hash_checks has " + checks.size() + " entries; at most " + MAX_CHECKS + " are allowed");
        }
        return checks.stream()
                .map(check -> {
                    HashCheckResult result = answer(check);
                    metrics.hashCheck(result.getAgrees());
                    if (!result.getAgrees()) {
                        log.atWarn()
                                .addKeyValue("client", client)
                                .addKeyValue("problem", result.getMessage())
                                .log("a client hashes prompts differently");
                    }
                    return result;
                })
                .toList();
    }

    private static HashCheckResult answer(HashCheck check) {
        if (check.getChunkSize() < 1 || check.getChunkSize() > MAX_CHUNK_SIZE) {
            throw Requests.invalid("hash_checks.chunk_size is " + Integer.toUnsignedString(check.getChunkSize())
                    + "; 1 to " + MAX_CHUNK_SIZE + " are allowed");
        }
        ByteString computed;
        try {
            computed = compute(check.getScheme(), check.getChunkSize());
        } catch (IllegalArgumentException e) {
            throw Requests.invalid("hash_checks." + e.getMessage());
        }
        boolean agrees = computed.equals(check.getChunkHash());
        return HashCheckResult.newBuilder()
                .setAgrees(agrees)
                .setChunkHash(computed)
                .setMessage(agrees ? "" : difference(check, computed))
                .build();
    }

    /** The hash of the second chunk of 0, 1, 2, ...: the first would not show whether the chain goes on alike. */
    private static ByteString compute(HashScheme scheme, int chunkSize) {
        ChunkHasher hasher = HashSchemes.hasher(scheme, HashEra.HASH_ERA_NONE);
        return ByteString.copyFrom(hasher.hash(token -> token, 2 * chunkSize, chunkSize, 2)
                .getLast()
                .bytes());
    }

    private static String difference(HashCheck check, ByteString computed) {
        String believed = name(check.getScheme()) + " with " + check.getChunkSize() + " tokens a chunk";
        String hashes = "%s for the second chunk of tokens 0, 1, 2, ..., the daemon %s"
                .formatted(hex(check.getChunkHash()), hex(computed));
        return Stream.concat(
                        schemes()
                                .filter(scheme -> matches(check, scheme, check.getChunkSize()))
                                .map(scheme -> "which is " + name(scheme)
                                        + ": tell MatchPrefix this algorithm, or set it in LMCache"
                                        + " (--hash-algorithm, pre_caching_hash_algorithm)"),
                        USUAL_CHUNK_SIZES.stream()
                                .filter(size -> matches(check, check.getScheme(), size))
                                .map(size -> "which is that of " + size + " tokens a chunk: set the same chunk size on"
                                        + " both sides"))
                .findFirst()
                .map(found -> "said to be %s, the client has %s; %s".formatted(believed, hashes, found))
                .orElseGet(() -> "%s: the client has %s; %s"
                        .formatted(
                                believed,
                                hashes,
                                computed.size() > Long.BYTES
                                                && check.getChunkHash().size() == Long.BYTES
                                        ? PYTHONS_HASH
                                        : cure(check.getScheme())));
    }

    private static String cure(HashScheme scheme) {
        return switch (scheme.getAlgorithm()) {
            case HASH_ALGORITHM_BUILTIN ->
                "Python's hash is alike only with PYTHONHASHSEED=0 on every engine and LMCache process and with one Python"
                        + " release: set it, or set the hash algorithm to sha256_cbor (in the engine) or blake3 (lmcache"
                        + " server)";
            case HASH_ALGORITHM_SHA256_CBOR, HASH_ALGORITHM_SHA256_CBOR_64BIT ->
                "set PYTHONHASHSEED=0 on every engine and LMCache process, without which vLLM begins each chain with random"
                        + " bytes";
            default ->
                "this LMCache hashes in a way that this daemon does not know: set PYTHONHASHSEED=0, which older releases"
                        + " need, and use one LMCache release everywhere";
        };
    }

    private static boolean matches(HashCheck check, HashScheme scheme, int chunkSize) {
        return compute(scheme, chunkSize).equals(check.getChunkHash());
    }

    /** Every way of hashing, with what begins the chain by default. */
    private static Stream<HashScheme> schemes() {
        return Stream.of(
                        HashAlgorithm.HASH_ALGORITHM_BLAKE3,
                        HashAlgorithm.HASH_ALGORITHM_SHA256_CBOR,
                        HashAlgorithm.HASH_ALGORITHM_SHA256_CBOR_64BIT,
                        HashAlgorithm.HASH_ALGORITHM_BUILTIN)
                .flatMap(algorithm -> Stream.of(HashEra.HASH_ERA_NONE, HashEra.HASH_ERA_EMPTY, HashEra.HASH_ERA_FOLDED)
                        .map(era -> HashScheme.newBuilder()
                                .setAlgorithm(algorithm)
                                .setEra(era)
                                .build()));
    }

    private static String name(HashScheme scheme) {
        String algorithm = scheme.getAlgorithm() == HashAlgorithm.HASH_ALGORITHM_UNSPECIFIED
                ? HashAlgorithm.HASH_ALGORITHM_BLAKE3.name()
                : scheme.getAlgorithm().name();
        String name = algorithm.substring("HASH_ALGORITHM_".length()).toLowerCase(Locale.ROOT);
        HashEra era = scheme.getEra() == HashEra.HASH_ERA_UNSPECIFIED ? HashEra.HASH_ERA_NONE : scheme.getEra();
        return name.equals("blake3")
                ? name
                : name + " of era " + era.name().substring("HASH_ERA_".length()).toLowerCase(Locale.ROOT);
    }

    private static String hex(ByteString hash) {
        String digits = HexFormat.of().formatHex(hash.toByteArray());
        return digits.isEmpty() ? "nothing" : digits;
    }
}
