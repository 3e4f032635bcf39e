package kvstore.server;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Random;
import kvstore.api.BlockChecksums;
import kvstore.api.Blocks;
import kvstore.api.ChunkKey;
import kvstore.api.HostBuffer;
import kvstore.api.IoEngine;
import kvstore.api.IoFailure;
import kvstore.lustre.EngineConfig;
import kvstore.lustre.PosixEngine;
import kvstore.store.ChunkStore;
import kvstore.store.CorruptRecordException;
import kvstore.store.PinResult;
import kvstore.store.PinnedChunk;
import kvstore.store.Reservation;
import kvstore.store.ReserveResult;
import kvstore.store.StoreConfig;
import kvstore.store.StoreListener;
import org.jspecify.annotations.Nullable;

/**
 * A process that stores and deletes until it is killed, and prints before and after each step what it does: {@code TRY},
 * {@code STORED}, {@code DELETE}, {@code DELETED}, each with the number of the key and of the value.
 */
final class StoreChild {
    static final int KEYS = 12;
    private static final long SEGMENT_BYTES = 2L << 20;
    private static final int SEGMENTS = 256;
    private static final int VALUE_BYTES_MAX = 512 << 10;
    private static final int[] LENGTHS = {1, 1000, Blocks.BLOCK_BYTES, 150_000, VALUE_BYTES_MAX};
    private static final int STEPS_MAX = 60;
    private static final Duration WAIT = Duration.ofSeconds(30);

    private StoreChild() {}

    /** Arguments: directory, seed, and a {@link KillPoint} in three words, or none. */
    public static void main(String[] arguments) throws Exception {
        Path directory = Path.of(arguments[0]);
        Random random = new Random(Long.parseLong(arguments[1]));
        IoEngine engine = engine(directory);
        if (arguments.length > 2) {
            engine = new KillPoint(
                            KillPoint.Operation.valueOf(arguments[2]),
                            KillPoint.Moment.valueOf(arguments[3]),
                            Integer.parseInt(arguments[4]))
                    .in(engine);
        }
        System.out.println("STARTING " + engine.path().label());
        try (ChunkStore store = open(directory, engine, StoreListener.NONE)) {
            System.out.println("READY");
            for (int step = 0; step < STEPS_MAX; step++) {
                int key = random.nextInt(KEYS);
                if (random.nextInt(6) == 0) {
                    System.out.println("DELETE " + key + " 0");
                    store.delete(key(key));
                    System.out.println("DELETED " + key + " 0");
                } else {
                    put(store, key, random.nextInt(1_000_000), LENGTHS[random.nextInt(LENGTHS.length)]);
                }
            }
        }
        System.out.println("CLOSED");
    }

    static PosixEngine engine(Path directory) throws Exception {
        Files.createDirectories(directory);
        return PosixEngine.open(EngineConfig.defaults(), directory);
    }

    /** So large that nothing is evicted in some rounds. */
    static ChunkStore open(Path directory, IoEngine engine, StoreListener listener) throws Exception {
        StoreConfig config = new StoreConfig(
                directory.resolve("pool"),
                "node",
                SEGMENTS * SEGMENT_BYTES,
                SEGMENT_BYTES,
                VALUE_BYTES_MAX,
                60_000,
                10);
        return ChunkStore.open(config, engine, listener);
    }

    static ChunkKey key(int number) {
        return ChunkKey.of("key-" + number);
    }

    /** The bytes that follow from the numbers. */
    static byte[] value(int key, int number, int length) {
        byte[] value = new byte[length];
        new Random(((long) key << 32) | number).nextBytes(value);
        return value;
    }

    /** A value has the number and the length of its key's last {@code TRY} in its name. */
    private static void put(ChunkStore store, int key, int number, int length) throws IoFailure {
        if (!(store.reserve(key(key), length, "", WAIT) instanceof ReserveResult.Reserved(Reservation reservation))) {
            return; // a value of this length is there
        }
        System.out.println("TRY " + key + " " + number + " " + length);
        try (reservation;
                Arena arena = Arena.ofShared()) {
            MemorySegment memory = arena.allocate(Blocks.roundUp(length), Blocks.BLOCK_BYTES);
            MemorySegment.copy(value(key, number, length), 0, memory, ValueLayout.JAVA_BYTE, 0, length);
            BlockChecksums.Accumulator checksums = new BlockChecksums.Accumulator(length);
            checksums.update(memory.asSlice(0, length));
            reservation
                    .file()
                    .write(reservation.payloadOffset(), new HostBuffer(memory))
                    .join();
            reservation.commit(checksums.finish());
        }
        System.out.println("STORED " + key + " " + number + " " + length);
    }

    /** Exact bytes or null. */
    static byte @Nullable [] get(ChunkStore store, int key) throws CorruptRecordException {
        if (!(store.pin(key(key)) instanceof PinResult.Pinned(PinnedChunk chunk))) {
            return null;
        }
        try (chunk;
                Arena arena = Arena.ofShared()) {
            MemorySegment memory = arena.allocate(chunk.recordBytes(), Blocks.BLOCK_BYTES);
            chunk.file().read(chunk.recordOffset(), new HostBuffer(memory)).join();
            BlockChecksums checksums = chunk.prove(memory.asSlice(0, Blocks.BLOCK_BYTES));
            MemorySegment payload = memory.asSlice(Blocks.BLOCK_BYTES, chunk.length());
            if (checksums.firstMismatch(0, payload) >= 0) {
                throw new AssertionError("a payload is not what was put: key " + key);
            }
            return Arrays.copyOf(payload.toArray(ValueLayout.JAVA_BYTE), (int) chunk.length());
        }
    }
}
