package kvstore.store;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import kvstore.api.BlockChecksums;
import kvstore.api.Blocks;
import kvstore.api.ChunkKey;
import kvstore.api.HostBuffer;
import kvstore.api.IoFailure;
import org.jspecify.annotations.Nullable;

/**
 * A small store on a real directory that is used as the server uses it: what it reads it proves. Time stands still unless
 * moved, identities come from a seed, and the background is the calling thread, so that two runs are the same.
 */
final class StoreHarness implements AutoCloseable {
    static final int BLOCK = Blocks.BLOCK_BYTES;
    static final long SEGMENT = 16L * BLOCK;
    static final long MAX_VALUE = 3L * BLOCK;
    static final Duration NO_WAIT = Duration.ZERO;

    final Path pool;
    final AtomicLong nanos = new AtomicLong(1);
    final AtomicLong millis = new AtomicLong(1_790_000_000_000L);
    private final Random random = new Random(42);
    NioEngine disk = new NioEngine();
    FaultyEngine engine = new FaultyEngine(disk);
    RecordingListener listener = new RecordingListener();
    StoreConfig config;
    ChunkStore store;

    /** Opens a store that may hold so many segments. */
    StoreHarness(Path pool, int segments) throws StoreException {
        this.pool = pool;
        config = config(pool, capacity(segments));
        store = ChunkStore.open(config, engine, listener, environment());
    }

    static StoreConfig config(Path pool, long capacityBytes) {
        return new StoreConfig(pool, "node-a", capacityBytes, SEGMENT, MAX_VALUE, 60_000, 100)
                .with(new EvictionConfig(EvictionConfig.Policy.OLDEST, 0.1, 600, 1));
    }

    Environment environment() {
        return new Environment(
                () -> Instant.ofEpochMilli(millis.get()),
                nanos::get,
                () -> new UUID(random.nextLong(), random.nextLong()),
                new CallingThread());
    }

    Path node() {
        return pool.resolve("nodes").resolve("node-a");
    }

    /** Segment files, oldest first. */
    List<Path> segmentFiles() {
        try (Stream<Path> files = Files.list(node())) {
            return files.filter(f -> f.toString().endsWith(".seg")).sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What the node's directory really takes of the disk, asked from the kernel. */
    long bytesOnDisk() {
        return RealBlocks.under(node());
    }

    /** The capacity that has room for so many segments. */
    static long capacity(int segments) {
        return Geometry.capacityBytesFor(segments, SEGMENT);
    }

    /** Ends as a killed process does, and starts again. */
    void crash() throws StoreException {
        store.crash();
        disk.close();
        open();
    }

    void restart() throws StoreException {
        store.close();
        open();
    }

    /** Starts again, after something was done to the files of a store that was closed. */
    void open() throws StoreException {
        listener = new RecordingListener();
        store = ChunkStore.open(config, engine, listener, environment());
    }

    /** Puts a value as the server does; false if it was refused or failed. */
    boolean put(ChunkKey key, byte[] value) {
        switch (store.reserve(key, value.length, "", NO_WAIT)) {
            case ReserveResult.AlreadyStored _ -> {
                return true;
            }
            case ReserveResult.InFlight _, ReserveResult.Refused _ -> {
                return false;
            }
            case ReserveResult.Reserved(Reservation reservation) -> {
                try (reservation) {
                    reservation.commit(write(reservation, value));
                    return true;
                } catch (IoFailure _) {
                    return false;
                }
            }
        }
    }

    boolean put(String key, byte[] value) {
        return put(ChunkKey.of(key), value);
    }

    Reservation reserve(String key, long length, String clientId) {
        ReserveResult result = store.reserve(ChunkKey.of(key), length, clientId, NO_WAIT);
        if (result instanceof ReserveResult.Reserved(Reservation reservation)) {
            return reservation;
        }
        throw new AssertionError("not reserved: " + result);
    }

    /** Writes the payload only. */
    static BlockChecksums write(Reservation reservation, byte[] value) throws IoFailure {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(Blocks.roundUp(value.length), BLOCK);
            MemorySegment.copy(value, 0, memory, ValueLayout.JAVA_BYTE, 0, value.length);
            BlockChecksums.Accumulator checksums = new BlockChecksums.Accumulator(value.length);
            checksums.update(memory.asSlice(0, value.length));
            await(reservation.file().write(reservation.payloadOffset(), new HostBuffer(memory)));
            return checksums.finish();
        }
    }

    /** Gets a value as the server does: exact bytes or null. */
    byte @Nullable [] get(ChunkKey key) {
        if (!(store.pin(key) instanceof PinResult.Pinned(PinnedChunk chunk))) {
            return null;
        }
        try (chunk) {
            return read(chunk);
        }
    }

    byte @Nullable [] get(String key) {
        return get(ChunkKey.of(key));
    }

    static byte @Nullable [] read(PinnedChunk chunk) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(chunk.recordBytes(), BLOCK);
            await(chunk.file().read(chunk.recordOffset(), new HostBuffer(memory)));
            BlockChecksums checksums = chunk.prove(memory.asSlice(0, BLOCK));
            MemorySegment payload = memory.asSlice(BLOCK, chunk.length());
            if (checksums.firstMismatch(0, payload) >= 0) {
                chunk.quarantine("payload checksum");
                return null;
            }
            return payload.toArray(ValueLayout.JAVA_BYTE);
        } catch (CorruptRecordException e) {
            chunk.quarantine(String.valueOf(e.getMessage()));
            return null;
        } catch (IoFailure _) {
            return null;
        }
    }

    /** Bytes that follow from two numbers. */
    static byte[] value(long seed, int length) {
        ByteBuffer value = ByteBuffer.allocate((length + 7) / 8 * 8);
        for (long x = seed * 31 + length; value.hasRemaining(); x += 0x9E3779B97F4A7C15L) {
            value.putLong((x ^ (x >>> 29)) * 0xBF58476D1CE4E5B9L);
        }
        return Arrays.copyOf(value.array(), length);
    }

    @Override
    public void close() {
        engine.follow(FaultyEngine.NO_FAULTS);
        store.close();
        disk.close();
    }

    private static void await(CompletableFuture<Void> operation) throws IoFailure {
        try {
            operation.join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof IoFailure failure) {
                throw failure;
            }
            throw e;
        }
    }

    /** Runs everything at once, on the thread that asks. */
    static final class CallingThread extends AbstractExecutorService {
        private volatile boolean shutdown;

        @Override
        public void execute(Runnable task) {
            if (shutdown) {
                throw new RejectedExecutionException();
            }
            task.run();
        }

        @Override
        public void shutdown() {
            shutdown = true;
        }

        @Override
        public List<Runnable> shutdownNow() {
            shutdown = true;
            return List.of();
        }

        @Override
        public boolean isShutdown() {
            return shutdown;
        }

        @Override
        public boolean isTerminated() {
            return shutdown;
        }

        @Override
        public boolean awaitTermination(long timeout, TimeUnit unit) {
            return shutdown;
        }
    }
}
