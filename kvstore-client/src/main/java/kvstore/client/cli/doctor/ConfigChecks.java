package kvstore.client.cli.doctor;

import static kvstore.client.cli.doctor.Finding.note;
import static kvstore.client.cli.doctor.Finding.ok;
import static kvstore.client.cli.doctor.Finding.problem;
import static kvstore.client.cli.doctor.Finding.skipped;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** What can be said from LMCache's configuration alone. */
final class ConfigChecks {
    private static final Set<String> KNOWN_ALGORITHMS = Set.of("blake3", "sha256_cbor", "sha256_cbor_64bit", "builtin");
    private static final List<String> DOORS = List.of("lm://", "plugin://", "redis://");
    private static final String MODULE = "kvstore_lmcache";

    private final Engine engine;
    private final int blockSize;

    /** @param blockSize tokens in a block of the engine's KV cache */
    ConfigChecks(Engine engine, int blockSize) {
        this.engine = engine;
        this.blockSize = blockSize;
    }

    List<Finding> findings() {
        List<Finding> findings = new ArrayList<>();
        findings.add(engine.adapter().map(this::adapter).orElseGet(this::inProcessBackend));
        findings.add(chunkSize());
        if (engine.inProcess()) {
            findings.add(unfullChunk());
        }
        findings.add(algorithm());
        findings.add(hashSeed());
        return findings;
    }

    private Finding adapter(JsonObject adapter) {
        String check = "backend";
        Optional<Object> remote = engine.setting("remote_url");
        if (remote.isPresent()) {
            return problem(
                    check,
                    "remote_url " + remote.get() + " beside an L2 adapter",
                    "only LMCache inside the engine reads remote_url, and lmcache server only --l2-adapter: choose one,"
                            + " and remove the other");
        }
        String type = text(adapter, "type");
        if (type.equals("resp")) {
            return ok(check, "lmcache server, through the Redis protocol");
        }
        if (!type.equals("native_plugin")) {
            return problem(
                    check,
                    "an L2 adapter of type '" + type + "'",
                    "it does not reach kvstore: \"type\":\"native_plugin\",\"module_path\":\"kvstore_lmcache\","
                            + "\"class_name\":\"KvStoreClient\"");
        }
        if (!text(adapter, "module_path").equals(MODULE)
                || !text(adapter, "class_name").equals("KvStoreClient")) {
            return problem(
                    check,
                    "native_plugin %s.%s".formatted(text(adapter, "module_path"), text(adapter, "class_name")),
                    "\"module_path\":\"kvstore_lmcache\",\"class_name\":\"KvStoreClient\"");
        }
        return ok(check, "lmcache server, through native_plugin");
    }

    private Finding inProcessBackend() {
        String check = "backend";
        if (engine.config().isEmpty()) {
            return skipped(check, "--l2-adapter, --lmcache-config or --pid says how LMCache runs");
        }
        Optional<Object> remote = engine.setting("remote_url");
        if (remote.isEmpty() && engine.setting("remote_storage_plugins").isEmpty()) {
            return problem(
                    check,
                    "LMCache inside the engine, without remote_url and remote_storage_plugins",
                    "nothing reaches kvstore: run lmcache server with --l2-adapter, which LMCache recommends");
        }
        if (remote.isPresent() && DOORS.stream().noneMatch(remote.get().toString()::startsWith)) {
            return problem(
                    check,
                    "LMCache inside the engine, remote_url " + remote.get(),
                    "it does not lead to kvstore: remote_url has to begin with one of " + String.join(", ", DOORS));
        }
        return note(
                check,
                "LMCache inside the engine, " + remote.map(Object::toString).orElse("remote_storage_plugins"),
                "LMCache calls this mode deprecated: lmcache server with --l2-adapter is its successor");
    }

    private Finding chunkSize() {
        String check = "chunk size";
        String text = engine.chunkSizeText();
        if (!text.equals(Integer.toString(engine.chunkSize()))) {
            return problem(
                    check, text, "a positive number of tokens, the same on all servers: 256 is LMCache's default");
        }
        if (engine.chunkSize() % blockSize != 0) {
            return problem(
                    check,
                    text + " tokens, no multiple of the engine's blocks of " + blockSize,
                    "choose a multiple of the engine's --block-size (told to this command as --block-size)");
        }
        return ok(check, text + " tokens");
    }

    private Finding unfullChunk() {
        String check = "save_unfull_chunk";
        boolean set = engine.setting(check)
                .map(value -> value.toString().equalsIgnoreCase("true"))
                .orElse(false);
        return set
                ? note(
                        check,
                        "true: the short end of a prompt is stored as well",
                        "tell MatchPrefix partial_chunk; only whole chunks help a longer prompt")
                : ok(check, "false");
    }

    private Finding algorithm() {
        String check = "hash algorithm";
        String algorithm = engine.algorithm();
        if (!KNOWN_ALGORITHMS.contains(algorithm)) {
            return problem(
                    check,
                    algorithm + ", which kvstore cannot compute",
                    engine.inProcess() ? "pre_caching_hash_algorithm: sha256_cbor" : "--hash-algorithm blake3");
        }
        if (engine.inProcess() && algorithm.equals("blake3")) {
            return problem(
                    check,
                    "blake3, which vLLM does not have: LMCache inside the engine takes Python's hash instead",
                    "pre_caching_hash_algorithm: sha256_cbor");
        }
        if (engine.inProcess() && engine.chosenAlgorithm().isEmpty()) {
            return problem(
                    check,
                    "builtin, because none is chosen",
                    "pre_caching_hash_algorithm: sha256_cbor, which does not change with the release of Python");
        }
        if (algorithm.equals("builtin")) {
            return note(
                    check,
                    "builtin: Python's hash",
                    "it changes with the release of Python: sha256_cbor inside the engine, blake3 in lmcache server");
        }
        return ok(check, algorithm + (engine.chosenAlgorithm().isPresent() ? "" : ", the default"));
    }

    private Finding hashSeed() {
        String check = "PYTHONHASHSEED";
        if (engine.algorithm().equals("blake3") && !engine.inProcess()) {
            return ok(check, engine.variable(check).orElse("not set") + "; blake3 does not use it");
        }
        if (engine.environment().isEmpty()) {
            return skipped(check, "--pid of the engine, or --env PYTHONHASHSEED=... as it has it");
        }
        String seed = engine.variable(check).orElse("");
        if (seed.isEmpty() || seed.equals("random")) {
            return problem(
                    check,
                    seed.isEmpty() ? "not set" : seed,
                    "PYTHONHASHSEED=0 for every engine and LMCache process: without it each start hashes differently,"
                            + " and finds nothing that another stored");
        }
        return seed.equals("0")
                ? ok(check, seed)
                : note(
                        check,
                        seed,
                        "it has to be the same everywhere; with one other than 0, tell MatchPrefix scheme.none_hash");
    }

    static String text(JsonObject object, String name) {
        JsonElement value = object.get(name);
        return value != null && value.isJsonPrimitive() ? value.getAsString() : "";
    }
}
