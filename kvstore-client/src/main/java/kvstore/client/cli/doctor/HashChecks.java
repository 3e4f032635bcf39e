package kvstore.client.cli.doctor;

import static kvstore.client.cli.doctor.Finding.note;
import static kvstore.client.cli.doctor.Finding.ok;
import static kvstore.client.cli.doctor.Finding.problem;
import static kvstore.client.cli.doctor.Finding.skipped;

import com.google.protobuf.ByteString;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import kvstore.client.KvStoreClient;
import kvstore.client.KvStoreException;
import kvstore.v1.HashAlgorithm;
import kvstore.v1.HashCheck;
import kvstore.v1.HashCheckResult;
import kvstore.v1.HashEra;
import kvstore.v1.HashScheme;

/** What is installed where LMCache runs, and whether it hashes as the daemon does. */
final class HashChecks {
    /** The releases that kvstore's tests run with. */
    private static final List<String> TESTED_LMCACHE = List.of("0.5.6");

    private final Engine engine;
    private final PythonProbe python;

    HashChecks(Engine engine, PythonProbe python) {
        this.engine = engine;
        this.python = python;
    }

    /** @param client of a daemon that answers; empty if none does */
    List<Finding> findings(Optional<KvStoreClient> client) {
        if (!python.failure().isEmpty()) {
            return List.of(problem(
                    "python", python.failure(), "--python is the interpreter of the environment that LMCache is in"));
        }
        List<Finding> findings = new ArrayList<>();
        findings.add(python());
        findings.add(lmcache());
        if (python.fact("lmcache").isEmpty()) {
            return findings;
        }
        if (!engine.inProcess() && engine.adapter().isPresent()) {
            findings.add(python.fact("kvstore-lmcache")
                    .map(version -> ok("kvstore-lmcache", version))
                    .orElseGet(() -> problem(
                            "kvstore-lmcache",
                            "not installed there",
                            "pip install ./kvstore-lmcache in that environment")));
        }
        findings.add(hashes(client));
        return findings;
    }

    private Finding python() {
        String version = python.fact("python").orElse("unknown");
        String[] parts = version.split("\\.", 3);
        int minor = parts.length > 1 && parts[1].matches("\\d+") ? Integer.parseInt(parts[1]) : 0;
        if (usesBuiltin() && minor < 11) {
            return problem(
                    "python",
                    version + ", whose hash of PYTHONHASHSEED=0 is another than that of 3.11 and newer",
                    "one Python release of 3.11 or newer everywhere, or another hash algorithm");
        }
        if (usesBuiltin() && !engine.inProcess() && minor < 12) {
            return problem(
                    "python",
                    version + ", whose hash of None is an address that changes with every start",
                    "--hash-algorithm blake3, or Python 3.12 or newer");
        }
        return ok("python", version);
    }

    private boolean usesBuiltin() {
        return engine.algorithm().equals("builtin") || python.usesBuiltin();
    }

    private Finding lmcache() {
        Optional<String> version = python.fact("lmcache");
        if (version.isEmpty()) {
            return problem("lmcache", "not installed there", "--python is the interpreter of LMCache's environment");
        }
        String found = version.get()
                + python.fact("vllm").map(vllm -> ", vLLM " + vllm).orElse(", no vLLM");
        return TESTED_LMCACHE.contains(version.get())
                ? ok("lmcache", found)
                : note("lmcache", found, "kvstore is tested with LMCache " + String.join(", ", TESTED_LMCACHE));
    }

    private Finding hashes(Optional<KvStoreClient> client) {
        String check = "hashes";
        if (python.fact("hash").isEmpty()) {
            return problem(
                    check,
                    "LMCache computes none: " + python.fact("error").orElse("no reason given"),
                    "see that `import lmcache` works in that environment");
        }
        if (python.usesBuiltin() && !engine.algorithm().equals("builtin")) {
            return problem(
                    check,
                    "LMCache takes Python's hash, because it finds no " + engine.algorithm() + " in vLLM",
                    engine.inProcess()
                            ? "install vLLM in that environment"
                            : "--hash-algorithm blake3, or install vLLM");
        }
        if (client.isEmpty()) {
            return skipped(check, "a daemon that answers");
        }
        Optional<HashAlgorithm> algorithm = wireAlgorithm();
        if (algorithm.isEmpty()) {
            return skipped(check, "an algorithm that kvstore can compute");
        }
        try {
            return compare(client.get(), algorithm.get());
        } catch (KvStoreException e) {
            return problem(check, "the daemon did not compare", e.getMessage() + "");
        }
    }

    private Finding compare(KvStoreClient client, HashAlgorithm algorithm) {
        List<HashEra> eras = engine.inProcess()
                ? List.of(HashEra.HASH_ERA_FOLDED, HashEra.HASH_ERA_EMPTY, HashEra.HASH_ERA_NONE)
                : List.of(HashEra.HASH_ERA_NONE);
        List<HashCheckResult> plain = client.checkHashes(checks(algorithm, eras, ByteString.EMPTY));
        for (int i = 0; i < plain.size(); i++) {
            if (plain.get(i).getAgrees()) {
                return ok("hashes", "the daemon computes the same, " + name(eras.get(i)));
            }
        }
        if (plain.isEmpty()) {
            return problem("hashes", "the daemon does not compare hashes", "upgrade the daemon");
        }
        String noneHash = python.fact("none_hash").orElse("");
        if (!noneHash.isEmpty()) {
            List<HashCheckResult> seeded = client.checkHashes(checks(algorithm, eras, ByteString.fromHex(noneHash)));
            for (int i = 0; i < seeded.size(); i++) {
                if (seeded.get(i).getAgrees()) {
                    return otherSeed(noneHash, eras.get(i));
                }
            }
        }
        return problem("hashes", "the daemon computes others", plain.getFirst().getMessage());
    }

    /** The algorithm is the same, and what begins the chain is not. */
    private Finding otherSeed(String noneHash, HashEra era) {
        boolean stays = noneHash.matches("0+")
                || !engine.variable("PYTHONHASHSEED").orElse("random").equals("random");
        String found = "the daemon computes the same, %s, if told that the chain begins with %s"
                .formatted(name(era), noneHash);
        return stays
                ? note("hashes", found, "tell MatchPrefix scheme.none_hash, and have the same on all servers")
                : problem("hashes", found, "PYTHONHASHSEED=0 for every engine and LMCache process");
    }

    private List<HashCheck> checks(HashAlgorithm algorithm, List<HashEra> eras, ByteString noneHash) {
        ByteString hash = ByteString.fromHex(python.fact("hash").orElse(""));
        return eras.stream()
                .map(era -> HashCheck.newBuilder()
                        .setScheme(HashScheme.newBuilder()
                                .setAlgorithm(algorithm)
                                .setEra(era)
                                .setNoneHash(fits(noneHash, algorithm, era) ? noneHash : ByteString.EMPTY))
                        .setChunkSize(engine.chunkSize())
                        .setChunkHash(hash)
                        .build())
                .toList();
    }

    /** A digest cannot begin a chain of integers. */
    private static boolean fits(ByteString noneHash, HashAlgorithm algorithm, HashEra era) {
        boolean digests = algorithm == HashAlgorithm.HASH_ALGORITHM_BLAKE3
                || (algorithm == HashAlgorithm.HASH_ALGORITHM_SHA256_CBOR && era != HashEra.HASH_ERA_FOLDED);
        return noneHash.size() == Long.BYTES || digests;
    }

    private Optional<HashAlgorithm> wireAlgorithm() {
        return switch (engine.algorithm()) {
            case "blake3" -> Optional.of(HashAlgorithm.HASH_ALGORITHM_BLAKE3);
            case "sha256_cbor" -> Optional.of(HashAlgorithm.HASH_ALGORITHM_SHA256_CBOR);
            case "sha256_cbor_64bit" -> Optional.of(HashAlgorithm.HASH_ALGORITHM_SHA256_CBOR_64BIT);
            case "builtin" -> Optional.of(HashAlgorithm.HASH_ALGORITHM_BUILTIN);
            default -> Optional.empty();
        };
    }

    private String name(HashEra era) {
        return engine.algorithm().equals("blake3")
                ? "blake3"
                : engine.algorithm() + " of era "
                        + era.name().substring("HASH_ERA_".length()).toLowerCase(Locale.ROOT);
    }
}
