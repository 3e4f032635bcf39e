package kvstore.bench.load;

import com.google.common.base.Stopwatch;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.time.Duration;
import kvstore.api.Blocks;
import kvstore.bench.SeededBytes;
import kvstore.client.cli.CommandFailure;
import kvstore.client.cli.ExitCode;
import org.HdrHistogram.Histogram;

/**
 * How long a GET over {@code lm://} takes, one after the other on one connection as LMCache does, until the last byte.
 *
 * @param server who answered, for the table
 * @param small of values of {@link #SMALL_BYTES}, in nanoseconds
 * @param large of values of {@link #LARGE_BYTES}, in nanoseconds
 */
record LmLatency(String server, Histogram small, Histogram large) {
    static final int SMALL_BYTES = 64 << 10;
    static final int LARGE_BYTES = 16 << 20;

    /** By time, not by count: a server that takes 44 ms a GET is not made to wait for a compiler that it does not have. */
    private static final Duration WARM_UP = Duration.ofSeconds(3);

    private static final int SMALL_GETS = 200;
    private static final int LARGE_GETS = 50;
    private static final Duration STORE_LIMIT = Duration.ofSeconds(30);
    private static final int POLL_MILLIS = 5;
    private static final int DIGITS = 3;

    /** What this stores, in bytes. */
    static long storedBytes() {
        return SMALL_BYTES + LARGE_BYTES;
    }

    /** The longest value, with the metadata that the daemon keeps in front of it, in bytes. */
    static long longestBytes() {
        return LARGE_BYTES + (long) Blocks.BLOCK_BYTES;
    }

    /**
     * Measures.
     *
     * @param port where a server speaks {@code lm://}
     * @throws CommandFailure if a value is not there, or comes back wrong
     */
    static LmLatency measure(String server, int port) {
        try (LmClient client = LmClient.connect(port)) {
            return new LmLatency(server, gets(client, SMALL_BYTES, SMALL_GETS), gets(client, LARGE_BYTES, LARGE_GETS));
        } catch (IOException e) {
            throw new CommandFailure(ExitCode.FAILED, server + ": " + e, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CommandFailure(ExitCode.FAILED, "interrupted", e);
        }
    }

    private static Histogram gets(LmClient client, int bytes, int count) throws IOException, InterruptedException {
        // as LMCache's in-process mode names a chunk; its own server takes no other names
        String key = "kvstore-bench@1@0@%x@bfloat16".formatted(bytes);
        ByteBuffer value = ByteBuffer.allocateDirect(bytes);
        SeededBytes.fill(MemorySegment.ofBuffer(value), bytes);
        store(client, key, value);
        ByteBuffer loaded = ByteBuffer.allocateDirect(bytes);
        Stopwatch warmUp = Stopwatch.createStarted();
        while (warmUp.elapsed().compareTo(WARM_UP) < 0) {
            var _ = get(client, key, value, loaded);
        }
        Histogram nanos = new Histogram(DIGITS);
        for (int i = 0; i < count; i++) {
            nanos.recordValue(get(client, key, value, loaded));
        }
        return nanos;
    }

    private static void store(LmClient client, String key, ByteBuffer value) throws IOException, InterruptedException {
        client.put(key, value);
        Stopwatch stopwatch = Stopwatch.createStarted();
        while (!client.exists(key)) {
            if (stopwatch.elapsed().compareTo(STORE_LIMIT) > 0) {
                throw new CommandFailure(ExitCode.NO, "a value that was put over lm:// is not there");
            }
            Thread.sleep(POLL_MILLIS);
        }
    }

    /** Returns how long it took, in nanoseconds; the comparison is not counted. */
    private static long get(LmClient client, String key, ByteBuffer value, ByteBuffer loaded) throws IOException {
        Stopwatch stopwatch = Stopwatch.createStarted();
        int length = client.get(key, loaded);
        long nanos = stopwatch.elapsed().toNanos();
        if (length < 0) {
            throw new CommandFailure(ExitCode.NO, "a value that was just put over lm:// is not found");
        }
        if (!loaded.equals(value)) {
            throw new CommandFailure(ExitCode.WRONG_DATA, "a value came back over lm:// other than it was put");
        }
        return nanos;
    }
}
