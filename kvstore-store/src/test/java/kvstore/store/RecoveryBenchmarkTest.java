package kvstore.store;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import kvstore.api.ChunkKey;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.io.TempDirFactory;

/**
 * How long a node with ten million chunks takes to start, what it then holds in memory, and how long it looks for 400 of
 * them. The segments are generated and come from the page cache, so this is what the program costs, not the disk.
 */
@Tag("long")
final class RecoveryBenchmarkTest {
    private static final int CHUNKS = Integer.getInteger("kvstore.bench.chunks", 10_000_000);
    private static final long SEGMENT_BYTES = Long.getLong("kvstore.bench.segment-bytes", 1L << 30);
    private static final int KEYS = 400;
    private static final int LOOKUPS = 20_000;

    /** Not in memory, where it would take gigabytes that the store could need. */
    @TempDir(factory = TempDirFactory.Standard.class)
    Path directory;

    @Test
    void tenMillionChunks() throws Exception {
        StoreConfig config =
                new StoreConfig(directory.resolve("pool"), "node-a", 1L << 46, SEGMENT_BYTES, 512L << 10, 60_000, 100);
        try (NioEngine engine = new NioEngine()) {
            PoolIdentity identity;
            try (ChunkStore empty = ChunkStore.open(config, engine, StoreListener.NONE)) {
                identity = empty.identity();
            }
            new GeneratedSegments(config.directory().resolve("nodes/node-a"), identity, SEGMENT_BYTES, 1L << 20)
                    .write(engine, CHUNKS);
            for (int start = 0; start < 3; start++) {
                long before = heapBytes();
                long cpu = cpuMillis();
                try (ChunkStore store = ChunkStore.open(config, engine, StoreListener.NONE)) {
                    StoreStats stats = store.stats();
                    long millis = stats.recovery().millis();
                    cpu = cpuMillis() - cpu;
                    long heap = heapBytes() - before;
                    System.out.println("""
                            start %d: %d chunks in %d segments: ready in %d ms (%d ms of the processors), %d chunks/s; %.1f bytes a chunk in the index, \
                            and %.1f on the heap""".formatted(
                                    start,
                                    stats.chunks(),
                                    stats.segments(),
                                    millis,
                                    cpu,
                                    stats.chunks() * 1000 / Math.max(1, millis),
                                    (double) stats.indexBytes() / CHUNKS,
                                    (double) heap / CHUNKS));
                    assertThat(stats.chunks()).isEqualTo(CHUNKS);
                    assertThat(millis).isLessThan(10_000L * CHUNKS / 10_000_000 + 1000);
                    assertThat(stats.indexBytes() + heap).isLessThanOrEqualTo(64L * CHUNKS);
                    lookups(store);
                }
            }
        }
    }

    /** Keys are made before the clock runs; half of them are there. What is measured is the call that a door makes. */
    private static void lookups(ChunkStore store) {
        Random random = new Random(1);
        long[] nanos = new long[LOOKUPS];
        long[] cpu = new long[LOOKUPS];
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        for (int i = 0; i < LOOKUPS; i++) {
            List<ChunkKey> keys = new ArrayList<>(KEYS);
            int there = 0;
            for (int k = 0; k < KEYS; k++) {
                int chunk = random.nextInt(2 * CHUNKS);
                keys.add(GeneratedSegments.key(chunk));
                there += chunk < CHUNKS ? 1 : 0;
            }
            long cpuStart = threads.getCurrentThreadCpuTime();
            long start = System.nanoTime();
            LookupResult result = store.lookup(keys, "", 0);
            nanos[i] = System.nanoTime() - start;
            cpu[i] = threads.getCurrentThreadCpuTime() - cpuStart;
            assertThat(result.found().cardinality()).isEqualTo(there);
        }
        System.out.println("lookup of %d keys: median %d us, 99th percentile %d us; of the processor %d us and %d us"
                .formatted(
                        KEYS, percentile(nanos, 50), percentile(nanos, 99), percentile(cpu, 50), percentile(cpu, 99)));
        // Not of the clock: where the machine is busy, that says how busy.
        assertThat(percentile(cpu, 99)).isLessThan(1000);
    }

    /** In microseconds, of the second half: the first warms up. */
    private static long percentile(long[] nanos, int percent) {
        long[] sorted = Arrays.copyOfRange(nanos, nanos.length / 2, nanos.length);
        Arrays.sort(sorted);
        return sorted[(sorted.length - 1) * percent / 100] / 1000;
    }

    private static long cpuMillis() {
        return ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getProcessCpuTime() / 1_000_000;
    }

    /** What is alive, in bytes: after the collector has looked. */
    private static long heapBytes() {
        System.gc();
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }
}
