package kvstore.lustre;

import java.util.Optional;

/**
 * How the engine works.
 *
 * @param readThreads reads under way at the same time, 1 to {@value #THREADS_MAX}. By estimate, not measurement, a
 *     thread moves 1 to 3 GB/s from Lustre with pieces of 16 MiB, so the default asks for one rail of 400 Gb/s at most:
 *     raise it where more are to be filled. Each is a blocked platform thread, not a busy core.
 * @param writeThreads writes under way at the same time, 1 to {@value #THREADS_MAX}. They are threads of their own, so
 *     that a read never waits for a write, and half as many, so that reads get the larger share of the file system.
 * @param direct whether to go past the page cache
 * @param layout what Lustre is told about each directory in which files are made; empty to leave it as it is
 */
public record EngineConfig(int readThreads, int writeThreads, DirectMode direct, Optional<StripeLayout> layout) {
    /** Most threads for one direction. */
    public static final int THREADS_MAX = 256;

    public static final int DEFAULT_READ_THREADS = 16;
    public static final int DEFAULT_WRITE_THREADS = 8;

    /** What to do about {@code O_DIRECT}. */
    public enum DirectMode {
        /** Use it where a written and re-read file proves it, else go through the page cache and say why. */
        AUTO,
        /** Refuse to start without it. */
        REQUIRE,
        /** Go through the page cache, for comparison and for file systems that have a fault there. */
        OFF
    }

    public EngineConfig {
        requireThreads("readThreads", readThreads);
        requireThreads("writeThreads", writeThreads);
    }

    /** One that leaves layouts as they are. */
    public EngineConfig(int readThreads, int writeThreads, DirectMode direct) {
        this(readThreads, writeThreads, direct, Optional.empty());
    }

    public static EngineConfig defaults() {
        return new EngineConfig(DEFAULT_READ_THREADS, DEFAULT_WRITE_THREADS, DirectMode.AUTO);
    }

    private static void requireThreads(String name, int threads) {
        if (threads < 1 || threads > THREADS_MAX) {
            throw new IllegalArgumentException(name + " is 1 to " + THREADS_MAX + ", not " + threads);
        }
    }
}
