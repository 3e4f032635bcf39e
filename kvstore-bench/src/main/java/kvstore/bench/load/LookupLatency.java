package kvstore.bench.load;

import com.google.common.base.Stopwatch;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import kvstore.api.Blocks;
import kvstore.api.ChunkKey;
import kvstore.bench.ChunkMover;
import kvstore.client.Chunk;
import kvstore.client.cli.CommandFailure;
import kvstore.client.cli.ExitCode;
import kvstore.lustre.NativeMemory;
import org.HdrHistogram.Histogram;

/**
 * How long a lookup of a long prefix takes, one after the other, seen from the Java client.
 *
 * @param idle while nothing else goes on, in nanoseconds
 * @param busy while chunks are stored and loaded by the same client, in nanoseconds
 */
record LookupLatency(Histogram idle, Histogram busy) {
    /** 400 chunks of 256 tokens are a prompt of 100,000. */
    static final int KEYS = 400;

    /** Until the compilers of both sides are done: on two cores they take turns with what is measured. */
    private static final int WARM_UP_LOOKUPS = 20_000;

    private static final int LOOKUPS = 5_000;
    private static final int DIGITS = 3;

    /** As LMCache asks; here it keeps the prefix from being evicted by what is stored beside. */
    private static final Duration LEASE = Duration.ofSeconds(10);

    private static final int TRAFFIC_CHUNKS = 8;
    private static final long TRAFFIC_CHUNK_BYTES = 16L << 20;

    /** What this stores at most, in bytes. */
    static long storedBytes() {
        return KEYS * (long) Blocks.BLOCK_BYTES * 2 + TRAFFIC_CHUNKS * TRAFFIC_CHUNK_BYTES * 2;
    }

    /** Measures, and leaves no chunk behind. */
    static LookupLatency measure(BenchDaemon daemon) {
        long trafficBytes = TRAFFIC_CHUNKS * TRAFFIC_CHUNK_BYTES;
        try (NativeMemory memory = NativeMemory.map(KEYS * (long) Blocks.BLOCK_BYTES + trafficBytes)) {
            List<Chunk> prefix = IntStream.range(0, KEYS)
                    .mapToObj(i -> new Chunk(
                            ChunkKey.of("bench-prefix@%064x".formatted(i)),
                            memory.segment().asSlice(trafficBytes + i * (long) Blocks.BLOCK_BYTES, Blocks.BLOCK_BYTES)))
                    .toList();
            List<Chunk> traffic = IntStream.range(0, TRAFFIC_CHUNKS)
                    .mapToObj(i -> new Chunk(
                            ChunkKey.of("bench-traffic@" + i),
                            memory.segment().asSlice(i * TRAFFIC_CHUNK_BYTES, TRAFFIC_CHUNK_BYTES)))
                    .toList();
            ChunkMover mover = new ChunkMover(daemon.client(), TRAFFIC_CHUNKS);
            var _ = mover.store(prefix, _ -> {});
            List<ChunkKey> keys = prefix.stream().map(Chunk::key).toList();
            var _ = lookups(daemon, keys, WARM_UP_LOOKUPS);
            Histogram idle = lookups(daemon, keys, LOOKUPS);
            return new LookupLatency(idle, besideTraffic(daemon, keys, mover, traffic));
        } finally {
            daemon.forgetAll();
        }
    }

    private static Histogram besideTraffic(
            BenchDaemon daemon, List<ChunkKey> keys, ChunkMover mover, List<Chunk> traffic) {
        AtomicBoolean enough = new AtomicBoolean();
        Thread mixed = Thread.ofPlatform().name("bench-traffic").start(() -> {
            while (!enough.get()) {
                var _ = mover.store(traffic, _ -> {});
                var _ = mover.load(traffic, _ -> {});
                var _ = daemon.client().delete(traffic.stream().map(Chunk::key).toList());
            }
        });
        try {
            return lookups(daemon, keys, LOOKUPS);
        } finally {
            enough.set(true);
            join(mixed);
        }
    }

    private static Histogram lookups(BenchDaemon daemon, List<ChunkKey> keys, int count) {
        Histogram nanos = new Histogram(DIGITS);
        for (int i = 0; i < count; i++) {
            Stopwatch stopwatch = Stopwatch.createStarted();
            boolean foundAll = daemon.client().lookup(keys, LEASE).foundAll();
            nanos.recordValue(stopwatch.elapsed().toNanos());
            if (!foundAll) {
                throw new CommandFailure(ExitCode.NO, "a chunk that was just stored is not found");
            }
        }
        return nanos;
    }

    private static void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }
}
