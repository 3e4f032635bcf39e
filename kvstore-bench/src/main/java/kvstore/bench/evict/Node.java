package kvstore.bench.evict;

import com.google.common.base.Stopwatch;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import kvstore.api.ChunkKey;
import kvstore.bench.ChunkMover;
import kvstore.bench.DaemonProcess;
import kvstore.bench.InFlight;
import kvstore.bench.Throughput;
import kvstore.client.Chunk;
import kvstore.client.ClientOptions;
import kvstore.client.GetResult;
import kvstore.client.KvStoreClient;
import kvstore.client.PutResult;
import kvstore.client.cli.CommandFailure;
import kvstore.client.cli.ExitCode;
import kvstore.lustre.NativeMemory;

/** A daemon with a few chunks that are read all the time, and many that are written once. */
final class Node implements AutoCloseable {
    private static final int CONNECTIONS = 4;
    private static final int READS_IN_FLIGHT = 4;
    private static final int WRITES_IN_FLIGHT = 8;

    private final Mode mode;
    private final EvictionPlan plan;
    private final DaemonProcess process;
    private final KvStoreClient client;
    private final NativeMemory memory;
    private final List<Chunk> hot;
    private long lastWritten;

    /** Starts with a full node, or as full as the others are. */
    Node(Mode mode, EvictionPlan plan, DaemonProcess process) {
        this.mode = mode;
        this.plan = plan;
        this.process = process;
        client = KvStoreClient.connect(
                process.target(),
                ClientOptions.defaults().withTransferConnections(CONNECTIONS).withClientName("kvstore-bench-" + mode));
        // The first part is what is written: always the same bytes, so that making them costs the reader nothing.
        memory = NativeMemory.map((plan.hotChunks() + 1) * plan.chunkBytes());
        hot = IntStream.range(0, plan.hotChunks())
                .mapToObj(i -> new Chunk(
                        ChunkKey.of("hot@" + i),
                        memory.segment().asSlice((i + 1) * plan.chunkBytes(), plan.chunkBytes())))
                .toList();
        var _ = new ChunkMover(client, WRITES_IN_FLIGHT).store(hot, _ -> {});
    }

    Mode mode() {
        return mode;
    }

    /** Stores as many chunks as a node holds, with readers beside. */
    void fill() {
        var _ = turn(plan.fillChunks());
    }

    /** Stores a turn's chunks as fast as it goes, with readers beside. */
    Turn turn() {
        return turn(plan.turnChunks());
    }

    /** Loads what is hot, and compares every byte. */
    void verify() {
        ChunkMover.Loaded loaded = new ChunkMover(client, READS_IN_FLIGHT).load(hot, _ -> {});
        if (loaded.right() != loaded.hits()) {
            throw new CommandFailure(ExitCode.WRONG_DATA, "a chunk came back other than it was stored");
        }
    }

    @Override
    public void close() {
        client.close();
        process.stop();
        memory.close();
    }

    private Turn turn(int chunks) {
        long evictedBefore = client.stat().getEvictedChunks();
        Readers readers = new Readers();
        Thread reading = Thread.ofPlatform().name("bench-readers").start(readers);
        Throughput written;
        int notStored;
        try {
            List<Chunk> fresh = IntStream.range(0, chunks)
                    .mapToObj(_ -> new Chunk(
                            ChunkKey.of("once@" + lastWritten++),
                            memory.segment().asSlice(0, plan.chunkBytes())))
                    .toList();
            Stopwatch stopwatch = Stopwatch.createStarted();
            List<PutResult> results =
                    InFlight.run(fresh, WRITES_IN_FLIGHT, chunk -> first(client.put(List.of(chunk))), _ -> {});
            Duration elapsed = stopwatch.elapsed();
            long stored = results.stream().filter(PutResult::isStored).count();
            written = new Throughput(stored * plan.chunkBytes(), elapsed);
            notStored = (int) (chunks - stored);
        } finally {
            readers.enough.set(true);
            join(reading);
        }
        long evicted = client.stat().getEvictedChunks() - evictedBefore;
        return new Turn(readers.read, written, evicted, readers.missed, notStored);
    }

    /** Loads what is hot, again and again. */
    private final class Readers implements Runnable {
        private final AtomicBoolean enough = new AtomicBoolean();
        private Throughput read = Throughput.NONE;
        private int missed;

        @Override
        public void run() {
            while (!enough.get()) {
                // As an engine does; also what makes them count as a prefix.
                var _ = client.lookup(hot.stream().map(Chunk::key).toList(), mode.lease());
                Stopwatch stopwatch = Stopwatch.createStarted();
                List<GetResult> results =
                        InFlight.run(hot, READS_IN_FLIGHT, chunk -> first(client.get(List.of(chunk))), _ -> {});
                Duration elapsed = stopwatch.elapsed();
                long hits = results.stream().filter(GetResult::isHit).count();
                read = read.plus(new Throughput(hits * plan.chunkBytes(), elapsed));
                missed += hot.size() - (int) hits;
                if (hits < hot.size()) {
                    var _ = new ChunkMover(client, WRITES_IN_FLIGHT).store(hot, _ -> {});
                }
            }
        }
    }

    private static <R> CompletableFuture<R> first(CompletableFuture<List<R>> results) {
        return results.thenApply(List::getFirst);
    }

    private static void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }
}
