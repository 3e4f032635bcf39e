package kvstore.bench.load;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import kvstore.bench.Throughput;

/**
 * LMCache's own measuring tool, {@code lmcache bench l2}, as of release 0.5.6.
 *
 * @param environment a Python virtual environment with LMCache and {@code kvstore-lmcache} in it
 * @param output where the tool writes its result
 */
record Lmcache(Tool tool, Path environment, Path output) {
    private static final long KIBIBYTE = 1024;

    /** O_DIRECT wants it. */
    private static final int ALIGNMENT_BYTES = 4096;

    Optional<String> missing() {
        return Files.isExecutable(program())
                ? Optional.empty()
                : Optional.of(
                        "there is no LMCache in %s; make one with scripts/lmcache-venv, or name another with --lmcache"
                                .formatted(environment));
    }

    /**
     * Stores and loads, with the tool's own comparison of the last wave, after one wave that does not count.
     *
     * @param adapter as after {@code --l2-adapter}
     */
    Sample measure(String adapter, LoadPlan plan, long chunkBytes) {
        tool.run(
                List.of(
                        program().toString(),
                        "bench",
                        "l2",
                        "--l2-adapter=" + adapter,
                        "--num-keys=" + plan.inFlight(),
                        "--in-flight=1",
                        "--rounds=" + plan.waves(),
                        "--warmup-rounds=1",
                        "--data-size-kb=" + chunkBytes / KIBIBYTE,
                        "--l1-align-bytes=" + ALIGNMENT_BYTES,
                        "--lookup-max-hit-rate=1.0",
                        "--no-skip-verify",
                        "--format=json",
                        "--output=" + output),
                Map.of("LMCACHE_DISABLE_BANNER", "1"));
        return JsonFile.read(output, json -> parse(json, chunkBytes));
    }

    /** The command of LMCache's own server for {@code lm://}, which keeps values in its memory. */
    List<String> lmServer(int port) {
        return List.of(
                environment.resolve("bin").resolve("python").toString(),
                "-m",
                "lmcache.v1.server",
                ServerProcess.HOST,
                Integer.toString(port));
    }

    static Sample parse(JsonObject json, long chunkBytes) {
        JsonObject store = operation(json, "Store");
        JsonObject load = operation(json, "Load");
        return new Sample(
                throughput(store, chunkBytes), throughput(load, chunkBytes), failures(store) + failures(load));
    }

    private static JsonObject operation(JsonObject json, String name) {
        return json.getAsJsonObject("metrics").entrySet().stream()
                .map(Map.Entry::getValue)
                .filter(JsonElement::isJsonObject)
                .map(JsonElement::getAsJsonObject)
                .filter(operation -> operation.has("operation")
                        && operation.get("operation").getAsString().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("no operation " + name));
    }

    /** The tool's own rates are in units of 2<sup>20</sup> bytes, and rounded. */
    private static Throughput throughput(JsonObject operation, long chunkBytes) {
        int rounds = operation.get("rounds").getAsInt()
                - operation.get("rounds_timed_out").getAsInt();
        double millis = operation.get("duration_avg_ms").getAsDouble() * rounds;
        long bytes = operation.get("keys_per_round").getAsLong() * rounds * chunkBytes;
        return new Throughput(bytes, Duration.ofNanos(Math.round(millis * 1e6)));
    }

    private static int failures(JsonObject operation) {
        return operation.get("total_keys").getAsInt()
                - operation.get("total_success").getAsInt();
    }

    private Path program() {
        return environment.resolve("bin").resolve("lmcache");
    }
}
