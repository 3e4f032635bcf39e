package kvstore.bench;

import com.google.common.base.Stopwatch;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.IntStream;
import kvstore.api.ChunkKey;
import kvstore.client.Chunk;
import kvstore.client.GetResult;
import kvstore.client.KvStoreClient;
import kvstore.client.PutResult;
import kvstore.client.SharedRegion;

/**
 * Stores chunks whose bytes follow from their keys, loads them and compares. Only the transfers are timed, not the making
 * and comparing of bytes.
 *
 * @param put stores chunks
 * @param get loads chunks
 * @param inFlight calls under way at a time, one for each chunk
 */
public record ChunkMover(Call<PutResult> put, Call<GetResult> get, int inFlight) {
    /** One result for each chunk, in their order. */
    public interface Call<R> extends Function<List<Chunk>, CompletableFuture<List<R>>> {}

    /** By way of messages. */
    public ChunkMover(KvStoreClient client, int inFlight) {
        this(client::put, client::get, inFlight);
    }

    /** In place, for chunks that lie in the region. */
    public ChunkMover(SharedRegion region, int inFlight) {
        this(region::put, region::get, inFlight);
    }

    /**
     * What was stored.
     *
     * @param results one for each chunk, in their order
     */
    public record Stored(Throughput throughput, List<PutResult> results) {}

    /**
     * What came back.
     *
     * @param throughput of the hits
     * @param hits chunks that came back
     * @param right hits with every byte as it was stored
     */
    public record Loaded(Throughput throughput, int hits, int right) {
        /** Nothing yet: what sums start from. */
        public static final Loaded NONE = new Loaded(Throughput.NONE, 0, 0);

        /** Both together, one after the other. */
        public Loaded plus(Loaded other) {
            return new Loaded(throughput.plus(other.throughput), hits + other.hits, right + other.right);
        }
    }

    /**
     * Fills the chunks' memory and stores it.
     *
     * @param chunks with memory of their own, of a multiple of 8 bytes
     * @param ended told of each chunk that is done
     */
    public Stored store(List<Chunk> chunks, Consumer<Chunk> ended) {
        chunks.parallelStream().forEach(chunk -> SeededBytes.fill(chunk.memory(), seed(chunk.key())));
        Stopwatch stopwatch = Stopwatch.createStarted();
        List<PutResult> results = transfer(chunks, put, ended);
        Duration elapsed = stopwatch.elapsed();
        List<Chunk> stored = IntStream.range(0, chunks.size())
                .filter(i -> results.get(i).isStored())
                .mapToObj(chunks::get)
                .toList();
        return new Stored(new Throughput(bytes(stored), elapsed), results);
    }

    /** Loads into the chunks' memory and compares; as {@link #store}. */
    public Loaded load(List<Chunk> chunks, Consumer<Chunk> ended) {
        // nothing of what was stored may be left there, to be found right
        chunks.parallelStream().forEach(chunk -> chunk.memory().fill((byte) 0));
        Stopwatch stopwatch = Stopwatch.createStarted();
        List<GetResult> results = transfer(chunks, get, ended);
        Duration elapsed = stopwatch.elapsed();
        List<Chunk> hits = IntStream.range(0, chunks.size())
                .filter(i -> results.get(i).isHit())
                .mapToObj(chunks::get)
                .toList();
        long right = hits.parallelStream()
                .filter(chunk -> SeededBytes.matches(chunk.memory(), seed(chunk.key())))
                .count();
        return new Loaded(new Throughput(bytes(hits), elapsed), hits.size(), (int) right);
    }

    private <R> List<R> transfer(List<Chunk> chunks, Call<R> call, Consumer<Chunk> ended) {
        return InFlight.run(
                chunks, inFlight, chunk -> call.apply(List.of(chunk)).thenApply(List::getFirst), ended);
    }

    private static long bytes(List<Chunk> chunks) {
        return chunks.stream().mapToLong(chunk -> chunk.memory().byteSize()).sum();
    }

    /** So that a value under a wrong key shows. */
    private static long seed(ChunkKey key) {
        return key.hashCode();
    }
}
