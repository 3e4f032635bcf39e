package kvstore.server.simulate;

import com.google.common.util.concurrent.MoreExecutors;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import kvstore.api.BlockChecksums;
import kvstore.api.Blocks;
import kvstore.api.ChunkKey;
import kvstore.api.IoFailure;
import kvstore.store.ChunkStore;
import kvstore.store.Environment;
import kvstore.store.EvictionConfig;
import kvstore.store.LookupResult;
import kvstore.store.PinResult;
import kvstore.store.Reservation;
import kvstore.store.ReserveResult;
import kvstore.store.StoreConfig;
import kvstore.store.StoreException;

/**
 * One store that serves a trace: the real one, on {@link MemoryEngine} and on the trace's clock. Each request is a lookup
 * of its blocks, a get of those found before the first gap, and a put of the others, all at one moment.
 */
final class Replay implements AutoCloseable {
    private static final String NODE = "simulated";
    private static final int LEASES_MAX = 1;
    private static final long SEED = 1;

    private final NodeSize size;
    private final int blockTokens;
    private final Events events = new Events();
    private final MemoryEngine engine = new MemoryEngine();
    private final BlockChecksums checksums;
    private final ChunkStore store;
    private long millis;
    private long blocks;
    private long hitBlocks;
    private long tokens;
    private long hitTokens;

    /** @param scratch an empty directory of this replay's own; takes a few small files */
    Replay(Path scratch, EvictionConfig eviction, NodeSize size, int blockTokens) throws StoreException {
        this.size = size;
        this.blockTokens = blockTokens;
        checksums = zeros(size.shortValueBytes());
        // No lease is asked for, because nothing happens between a lookup and its gets.
        StoreConfig config = new StoreConfig(
                        scratch,
                        NODE,
                        size.shortCapacityBytes(),
                        size.shortSegmentBytes(),
                        size.shortValueBytes(),
                        1,
                        LEASES_MAX)
                .with(eviction);
        Random random = new Random(SEED);
        Environment environment = new Environment(
                () -> Instant.ofEpochMilli(millis),
                () -> TimeUnit.MILLISECONDS.toNanos(millis),
                () -> new UUID(random.nextLong(), random.nextLong()),
                MoreExecutors.newDirectExecutorService()); // so that two runs are the same
        // The index keeps seconds, of which 0 means none.
        millis = TimeUnit.DAYS.toMillis(1);
        store = ChunkStore.open(config, engine, events, environment);
    }

    /** Serves a whole trace. */
    Outcome serve(Trace trace) throws IoFailure {
        long start = millis - trace.requests().getFirst().timestampMillis();
        for (Request request : trace.requests()) {
            millis = start + request.timestampMillis();
            serve(request);
        }
        return new Outcome(
                blocks,
                hitBlocks,
                tokens,
                hitTokens,
                events.storedChunks * size.valueBytes(),
                events.reinsertedChunks * size.valueBytes(),
                events.notReinsertedChunks,
                events.evictedChunks,
                events.shedChunks);
    }

    @Override
    public void close() {
        store.close();
        engine.close();
    }

    private void serve(Request request) throws IoFailure {
        List<ChunkKey> keys = request.hashIds().stream()
                .map(id -> ChunkKey.of(Long.toString(id)))
                .toList();
        LookupResult found = store.lookup(keys, "", 0);
        int hits = found.leadingHits();
        keys.subList(0, hits).forEach(this::get);
        for (ChunkKey key : keys.subList(hits, keys.size())) {
            put(key);
        }
        blocks += keys.size();
        hitBlocks += hits;
        tokens += request.inputTokens();
        hitTokens += request.tokensIn(hits, blockTokens);
    }

    private void get(ChunkKey key) {
        if (!(store.pin(key) instanceof PinResult.Pinned(var chunk))) {
            throw new IllegalStateException(key + " was found by a lookup and not by the get after it");
        }
        chunk.close();
    }

    private void put(ChunkKey key) throws IoFailure {
        // What the payload would be is zeros, and nothing has to be done for them to be there.
        if (store.reserve(key, size.shortValueBytes(), "", Duration.ZERO)
                instanceof ReserveResult.Reserved(Reservation reservation)) {
            try (reservation) {
                reservation.commit(checksums);
            }
        }
    }

    private static BlockChecksums zeros(long length) {
        BlockChecksums.Accumulator sums = new BlockChecksums.Accumulator(length);
        sums.update(MemoryEngine.ZEROS.asSlice(0, Math.min(length, Blocks.BLOCK_BYTES)));
        for (long at = Blocks.BLOCK_BYTES; at < length; at += Blocks.BLOCK_BYTES) {
            sums.update(MemoryEngine.ZEROS.asSlice(0, Math.min(length - at, Blocks.BLOCK_BYTES)));
        }
        return sums.finish();
    }
}
