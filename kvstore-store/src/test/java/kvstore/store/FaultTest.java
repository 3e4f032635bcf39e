package kvstore.store;

import static kvstore.store.StoreHarness.BLOCK;
import static kvstore.store.StoreHarness.value;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import kvstore.api.ChunkKey;
import kvstore.store.FaultyEngine.Fault;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** One small scenario, in which every call of the engine fails once in every way. */
final class FaultTest {
    private static final int KEYS = 14;

    @TempDir
    Path directory;

    /** Puts of the current run that were refused, with the length of the value. */
    private final Map<String, Integer> refusedValues = new HashMap<>();

    @ParameterizedTest
    @EnumSource(Fault.class)
    void everyCallFailsOnce(Fault fault) throws Exception {
        int calls = run(-1, fault);
        assertThat(calls).isGreaterThan(100);
        for (int position = 0; position < calls; position++) {
            try {
                run(position, fault);
            } catch (Exception | AssertionError e) {
                throw new AssertionError(fault + " at call " + position + ": " + e.getMessage(), e);
            }
        }
    }

    /** Puts, replaces, deletes, evicts, reads, stops, crashes, starts; returns the number of calls. */
    private int run(int position, Fault fault) throws Exception {
        Path pool = directory.resolve("pool-" + position);
        refusedValues.clear();
        try (StoreHarness harness = new StoreHarness(pool, 4)) {
            harness.engine.follow((_, number) -> number == position ? fault : null);
            Map<String, Integer> acknowledged = new HashMap<>();
            int complaints = 0;
            int refused = 0;
            int misses = 0;
            for (int i = 0; i < KEYS; i++) {
                refused += put(harness, acknowledged, "k" + i, 2 * BLOCK + i);
            }
            refused += put(harness, acknowledged, "k12", 100);
            harness.store.delete(ChunkKey.of("k11"));
            acknowledged.remove("k11");
            misses += readAll(harness, acknowledged);
            complaints += harness.listener.complaints();
            harness.restart();
            misses += readAll(harness, acknowledged);
            refused += put(harness, acknowledged, "after", 3 * BLOCK);
            misses += readAll(harness, acknowledged);
            complaints += harness.listener.complaints();
            harness.crash();
            misses += readAll(harness, acknowledged);
            complaints += harness.listener.complaints();
            int calls = harness.engine.calls();

            if (position < 0) {
                assertThat(misses + refused + complaints).isZero();
            } else if (misses + refused > 0) {
                // Whatever was lost, somebody was told; only a read that failed is the reader's to tell.
                boolean readFailed = refused == 0 && misses == 1 && harness.engine.faults() == 1;
                assertThat(complaints > 0 || refused > 0 || readFailed).isTrue();
            }
            // One fault costs the puts of a second at most, and all is well afterwards.
            assertThat(refused).isLessThanOrEqualTo(3);
            harness.nanos.addAndGet(TimeUnit.SECONDS.toNanos(2));
            assertThat(put(harness, acknowledged, "at last", 10)).isZero();
            assertThat(harness.get("at last")).isEqualTo(value("at last".hashCode(), 10));
            return calls;
        }
    }

    private int put(StoreHarness harness, Map<String, Integer> acknowledged, String key, int length) {
        harness.nanos.addAndGet(TimeUnit.MILLISECONDS.toNanos(500));
        boolean stored = harness.put(key, value(key.hashCode(), length));
        if (stored) {
            acknowledged.put(key, length);
        } else {
            // Whatever stood there before may still; the refused value may not, now or after a start.
            refusedValues.put(key, length);
        }
        assertThat(harness.bytesOnDisk()).isLessThanOrEqualTo(StoreHarness.capacity(4));
        return stored ? 0 : 1;
    }

    /** Reads and forgets what is missed; counts what is missed although nothing was evicted since the start. */
    private int readAll(StoreHarness harness, Map<String, Integer> acknowledged) {
        int misses = 0;
        refusedValues.forEach((key, length) -> {
            byte[] found = harness.get(key);
            assertThat(found == null || found.length != length)
                    .as("refused %s was found", key)
                    .isTrue();
        });
        for (String key : List.copyOf(acknowledged.keySet())) {
            byte[] found = harness.get(key);
            if (found != null) {
                assertThat(found).isEqualTo(value(key.hashCode(), found.length));
            } else {
                acknowledged.remove(key);
                misses += harness.listener.evictedChunks.get() == 0 ? 1 : 0;
            }
        }
        return misses;
    }
}
