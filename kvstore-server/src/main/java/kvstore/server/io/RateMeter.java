package kvstore.server.io;

/**
 * How many bytes a second a device moves while it has enough to do. What it does with less says nothing about what it can,
 * so only times count in which at least {@link #LOADED_BYTES} were asked of it. Not thread-safe.
 */
final class RateMeter {
    /** Two large pieces: with fewer, a request is never refused for the time it would take. */
    static final long LOADED_BYTES = 32L << 20;

    /** Long enough for several pieces to end, short enough to follow a device that slows down. */
    private static final long WINDOW_NANOS = 50_000_000;

    /** Weight of the newest window. */
    private static final double NEWEST = 0.3;

    private static final double NANOS_PER_SECOND = 1e9;

    private boolean loaded;
    private long sinceNanos;
    private long windowNanos;
    private long windowBytes;
    private double bytesPerSecond;

    /** Bytes asked for and not moved yet are now {@code outstandingBytes}. */
    void outstanding(long outstandingBytes, long nowNanos) {
        boolean now = outstandingBytes >= LOADED_BYTES;
        if (loaded) {
            windowNanos += nowNanos - sinceNanos;
        }
        sinceNanos = nowNanos;
        loaded = now;
        if (windowNanos >= WINDOW_NANOS) {
            double measured = windowBytes * NANOS_PER_SECOND / windowNanos;
            bytesPerSecond = bytesPerSecond == 0 ? measured : NEWEST * measured + (1 - NEWEST) * bytesPerSecond;
            windowNanos = 0;
            windowBytes = 0;
        }
    }

    /** So many bytes were moved; before {@link #outstanding} is told. */
    void moved(long bytes) {
        if (loaded) {
            windowBytes += bytes;
        }
    }

    /** The rate; 0 while it is not known. */
    double bytesPerSecond() {
        return bytesPerSecond;
    }
}
