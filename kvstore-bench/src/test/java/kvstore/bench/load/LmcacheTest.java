package kvstore.bench.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.nio.file.Path;
import kvstore.bench.CleanUp;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class LmcacheTest {
    /** What {@code lmcache bench l2} of release 0.5.6 writes, without what is not read. */
    private static final String OUTPUT = """
            {
              "title": "L2 Adapter Benchmark Result",
              "metrics": {
                "config": {"num_keys": 8, "data_size_kb": 16384, "measurement_rounds": 2},
                "op_0": {
                  "operation": "Store", "rounds": 2, "rounds_timed_out": 0, "keys_per_round": 8,
                  "total_keys": 16, "total_success": 16, "duration_avg_ms": 54.78
                },
                "op_1": {
                  "operation": "Lookup", "rounds": 2, "rounds_timed_out": 0, "keys_per_round": 8,
                  "total_keys": 16, "total_success": 16, "duration_avg_ms": 0.26
                },
                "op_2": {
                  "operation": "Load", "rounds": 2, "rounds_timed_out": 0, "keys_per_round": 8,
                  "total_keys": 16, "total_success": 15, "duration_avg_ms": 82.73
                }
              }
            }
            """;

    private static final long CHUNK_BYTES = 16 << 20;

    @TempDir
    private Path directory;

    @Test
    void isUnderstood() {
        Sample sample = Lmcache.parse(json(OUTPUT), CHUNK_BYTES);

        assertThat(sample.store().bytes()).isEqualTo(16 * CHUNK_BYTES);
        // the tool itself says 2337.94 MiB/s and 1547.3 MiB/s
        assertThat(sample.store().gigabytesPerSecond()).isCloseTo(2337.94 * 1.048576 / 1000, within(0.002));
        assertThat(sample.load().gigabytesPerSecond()).isCloseTo(1547.3 * 1.048576 / 1000, within(0.002));
        assertThat(sample.failures()).isEqualTo(1);
    }

    @Test
    void countsRoundsThatTimedOutAsFailuresOnly() {
        String timedOut = OUTPUT.replaceFirst("\"rounds_timed_out\": 0", "\"rounds_timed_out\": 2")
                .replaceFirst("\"total_success\": 16", "\"total_success\": 3");
        Sample sample = Lmcache.parse(json(timedOut), CHUNK_BYTES);

        assertThat(sample.store().gigabytesPerSecond()).isZero();
        assertThat(sample.failures()).isEqualTo(13 + 1);
    }

    @Test
    void isRefusedIfItIsAnotherTools() {
        assertThatThrownBy(() -> Lmcache.parse(json("{\"metrics\": {}}"), CHUNK_BYTES))
                .isInstanceOf(IllegalStateException.class);
    }

    @Test
    void saysHowToGetOne() {
        try (CleanUp cleanUp = new CleanUp()) {
            Lmcache lmcache = new Lmcache(
                    new Tool(directory.resolve("log"), cleanUp), directory.resolve("venv"), directory.resolve("out"));

            assertThat(lmcache.missing()).get().asString().contains("scripts/lmcache-venv", "--lmcache");
        }
    }

    private static JsonObject json(String text) {
        return JsonParser.parseString(text).getAsJsonObject();
    }
}
