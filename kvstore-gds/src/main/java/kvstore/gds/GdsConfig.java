package kvstore.gds;

import java.nio.file.Path;
import kvstore.api.Blocks;

/**
 * How GPU memory is served.
 *
 * @param mode whether to use cuFile
 * @param compatibility what to do where cuFile works, but only through host memory
 * @param cuFileLibrary path of {@code libcufile.so.0}, or an empty string for the usual places
 * @param cudaLibrary path of {@code libcuda.so.1}, or an empty string for the system's loader
 * @param logDirectory where libcufile writes {@code cufile.log}
 * @param readThreads reads of files under way at the same time for each GPU. Each has a slot of GPU memory and one of
 *     pinned host memory, both of {@code pieceBytes}.
 * @param writeThreads likewise, for writes
 * @param pieceBytes the largest request; larger operations are split and their pieces moved in parallel
 * @param breakerFailures requests in a row that cuFile failed and O_DIRECT did, after which cuFile is left alone
 * @param breakerRetryMillis how long it is left alone before one request tries it again
 * @param shutdownMillis how long a close waits for requests that do not come back, before it leaves them behind
 */
public record GdsConfig(
        Mode mode,
        Compatibility compatibility,
        String cuFileLibrary,
        String cudaLibrary,
        Path logDirectory,
        int readThreads,
        int writeThreads,
        int pieceBytes,
        int breakerFailures,
        int breakerRetryMillis,
        int shutdownMillis) {
    /** Most threads for one direction and GPU. */
    public static final int THREADS_MAX = 128;

    public static final int DEFAULT_THREADS = 16;
    public static final int DEFAULT_PIECE_BYTES = 4 << 20;
    public static final int PIECE_BYTES_MAX = 64 << 20;
    public static final int DEFAULT_BREAKER_FAILURES = 8;
    public static final int DEFAULT_BREAKER_RETRY_MILLIS = 30_000;
    public static final int DEFAULT_SHUTDOWN_MILLIS = 30_000;

    /** What to do about cuFile. */
    public enum Mode {
        /** Use it where a probe proves it, else stage through host memory, and say why. */
        AUTO,
        /** Refuse to start unless a probe proves that the bytes go past host memory. */
        REQUIRE,
        /** Serve no GPU memory and open none of the libraries. */
        OFF
    }

    /** What to do where libcufile itself goes through host memory, as without nvidia-fs. */
    public enum Compatibility {
        /** Stage with O_DIRECT and pinned memory of our own. */
        STAGED,
        /** Let libcufile do it. */
        CUFILE
    }

    public GdsConfig {
        requireBetween("readThreads", readThreads, 1, THREADS_MAX);
        requireBetween("writeThreads", writeThreads, 1, THREADS_MAX);
        requireBetween("pieceBytes", pieceBytes, Blocks.BLOCK_BYTES, PIECE_BYTES_MAX);
        if (!Blocks.isAligned(pieceBytes)) {
            throw new IllegalArgumentException(
                    "pieceBytes is a multiple of " + Blocks.BLOCK_BYTES + ", not " + pieceBytes);
        }
        requireBetween("breakerFailures", breakerFailures, 1, Integer.MAX_VALUE);
        requireBetween("breakerRetryMillis", breakerRetryMillis, 1, Integer.MAX_VALUE);
        requireBetween("shutdownMillis", shutdownMillis, 1, Integer.MAX_VALUE);
    }

    /** The defaults, with {@code cufile.log} in a directory of the caller's. */
    public static GdsConfig defaults(Path logDirectory) {
        return new GdsConfig(
                Mode.AUTO,
                Compatibility.STAGED,
                "",
                "",
                logDirectory,
                DEFAULT_THREADS,
                DEFAULT_THREADS,
                DEFAULT_PIECE_BYTES,
                DEFAULT_BREAKER_FAILURES,
                DEFAULT_BREAKER_RETRY_MILLIS,
                DEFAULT_SHUTDOWN_MILLIS);
    }

    private static void requireBetween(String name, int value, int min, int max) {
        if (value < min || value > max) {
            throw new IllegalArgumentException(name + " is " + min + " to " + max + ", not " + value);
        }
    }
}
