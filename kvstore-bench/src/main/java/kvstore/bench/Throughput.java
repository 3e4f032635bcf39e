package kvstore.bench;

import java.time.Duration;

/**
 * Bytes that moved, and how long that took.
 *
 * @param elapsed may be zero only where nothing moved
 */
public record Throughput(long bytes, Duration elapsed) {
    /** Nothing yet: what sums start from. */
    public static final Throughput NONE = new Throughput(0, Duration.ZERO);

    public Throughput {
        if (bytes < 0 || elapsed.isNegative() || (bytes > 0 && elapsed.isZero())) {
            throw new IllegalArgumentException(bytes + " bytes in " + elapsed);
        }
    }

    /** Both together, one after the other. */
    public Throughput plus(Throughput other) {
        return new Throughput(Math.addExact(bytes, other.bytes), elapsed.plus(other.elapsed));
    }

    /** In 10<sup>9</sup> bytes a second; 0 if nothing moved. */
    public double gigabytesPerSecond() {
        return bytes == 0 ? 0 : (double) bytes / elapsed.toNanos();
    }

    /** Such as {@code 1.23 GB/s}. */
    @Override
    public String toString() {
        return "%.2f GB/s".formatted(gigabytesPerSecond());
    }
}
