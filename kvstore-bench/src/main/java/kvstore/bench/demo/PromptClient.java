package kvstore.bench.demo;

import com.google.common.base.Stopwatch;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import kvstore.bench.ChunkMover;
import kvstore.bench.ChunkMover.Loaded;
import kvstore.bench.ChunkMover.Stored;
import kvstore.bench.DaemonProcess;
import kvstore.bench.Throughput;
import kvstore.client.Chunk;
import kvstore.client.ClientOptions;
import kvstore.client.KvStoreClient;
import kvstore.client.PutResult;
import kvstore.client.cli.CommandFailure;
import kvstore.client.cli.ExitCode;
import kvstore.client.cli.Progress;
import kvstore.v1.StatResponse;

/** Stores, looks up and loads prompts; in waves, if they are larger than the memory for them. */
final class PromptClient implements AutoCloseable {
    private static final int CONNECTIONS = 4;
    private static final int LOOKUPS = 501;
    private static final Duration TIMEOUT = Duration.ofSeconds(60);

    private final MemorySegment window;
    private final Progress progress;
    private final KvStoreClient client;
    private final ChunkMover mover;

    /**
     * @param window memory for the chunks of a wave, which hold the same number of bytes in all prompts
     * @param inFlight chunks under way at a time
     */
    PromptClient(DaemonProcess daemon, MemorySegment window, int inFlight, Progress progress) {
        this.window = window;
        this.progress = progress;
        ClientOptions options = ClientOptions.defaults()
                .withTimeout(TIMEOUT)
                .withTransferConnections(CONNECTIONS)
                .withClientName("kvstore-demo");
        client = KvStoreClient.connect(daemon.target(), options);
        mover = new ChunkMover(client, inFlight);
    }

    StatResponse stat() {
        return client.stat();
    }

    /** Does all of it with a prompt that nobody measures, and makes the daemon forget it. */
    void warmUp(Prompt prompt) {
        var _ = store(prompt, "warm up: store");
        var _ = lookup(prompt);
        var _ = load(prompt, "warm up: load");
        var _ = client.delete(prompt.keys());
    }

    /**
     * Stores all chunks.
     *
     * @param what to say while it goes on
     * @throws CommandFailure if one was not stored
     */
    Throughput store(Prompt prompt, String what) {
        try (Progress.Step step = progress.moving(what, prompt.bytes())) {
            Throughput total = Throughput.NONE;
            for (List<Chunk> wave : waves(prompt)) {
                Stored stored =
                        mover.store(wave, chunk -> step.advance(chunk.memory().byteSize()));
                stored.results().forEach(PromptClient::requireStored);
                total = total.plus(stored.throughput());
            }
            return total;
        }
    }

    /** Looks the whole prefix up, again and again. */
    Lookup lookup(Prompt prompt) {
        long[] nanos = new long[LOOKUPS];
        int found = 0;
        for (int i = 0; i < LOOKUPS; i++) {
            Stopwatch stopwatch = Stopwatch.createStarted();
            found = client.lookup(prompt.keys(), Duration.ZERO).leadingHits();
            nanos[i] = stopwatch.elapsed().toNanos();
        }
        Arrays.sort(nanos);
        return new Lookup(found, Duration.ofNanos(nanos[LOOKUPS / 2]));
    }

    /** Loads all chunks and compares them; as {@link #store}. */
    Loaded load(Prompt prompt, String what) {
        try (Progress.Step step = progress.moving(what, prompt.bytes())) {
            Loaded total = Loaded.NONE;
            for (List<Chunk> wave : waves(prompt)) {
                total = total.plus(
                        mover.load(wave, chunk -> step.advance(chunk.memory().byteSize())));
            }
            return total;
        }
    }

    @Override
    public void close() {
        client.close();
    }

    private static void requireStored(PutResult result) {
        if (!result.isStored()) {
            throw new CommandFailure(
                    ExitCode.NO,
                    "a chunk was not stored: %s %s %s".formatted(result.status(), result.reason(), result.message()));
        }
    }

    /** All chunks, as many at a time as there is memory for. */
    private List<List<Chunk>> waves(Prompt prompt) {
        int slots = Math.toIntExact(window.byteSize() / prompt.shape().chunkBytes());
        return IntStream.iterate(0, start -> start < prompt.chunks(), start -> start + slots)
                .mapToObj(start -> IntStream.range(start, Math.min(start + slots, prompt.chunks()))
                        .mapToObj(index -> chunk(prompt, index, index - start))
                        .toList())
                .toList();
    }

    private Chunk chunk(Prompt prompt, int index, int slot) {
        long size = prompt.shape().chunkBytes();
        return new Chunk(prompt.keys().get(index), window.asSlice(slot * size, size));
    }
}
