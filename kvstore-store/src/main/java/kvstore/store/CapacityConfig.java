package kvstore.store;

/**
 * When segments are evicted ahead of need, and how much is left to others.
 *
 * @param highWatermark part of the capacity, above 0 and up to 1: eviction starts when more than that is in use
 * @param lowWatermark part of the capacity, above 0 and up to {@code highWatermark}: eviction stops there
 * @param freeSpaceFloorBytes what the file system shall have free for others; below it the store shrinks. 0 for no floor,
 *     {@link #AUTOMATIC_FLOOR} for a hundredth of the file system, at most 64 GiB
 */
public record CapacityConfig(double highWatermark, double lowWatermark, long freeSpaceFloorBytes) {
    /** Evicts only what a new segment needs, and leaves nothing to others. */
    public static final CapacityConfig AT_THE_LIMIT = new CapacityConfig(1, 1, 0);

    /** Leaves {@link #freeSpaceFloorBytes} to the size of the file system. */
    public static final long AUTOMATIC_FLOOR = -1;

    private static final int FLOOR_SHARE = 100;
    private static final long FLOOR_BYTES_MAX = 64L << 30;

    /** @throws IllegalArgumentException naming the setting, its value and the rule */
    public CapacityConfig {
        if (!(highWatermark > 0 && highWatermark <= 1)) {
            throw new IllegalArgumentException("highWatermark = " + highWatermark + ": must be above 0, up to 1");
        }
        if (!(lowWatermark > 0 && lowWatermark <= highWatermark)) {
            throw new IllegalArgumentException(
                    "lowWatermark = " + lowWatermark + ": must be above 0, up to highWatermark = " + highWatermark);
        }
        if (freeSpaceFloorBytes < AUTOMATIC_FLOOR) {
            throw new IllegalArgumentException(
                    "freeSpaceFloorBytes = " + freeSpaceFloorBytes + ": must be -1 for automatic, 0 for none, or more");
        }
    }

    /** The floor on a file system of this size. */
    long floorBytes(long fileSystemBytes) {
        return freeSpaceFloorBytes == AUTOMATIC_FLOOR
                ? Math.min(fileSystemBytes / FLOOR_SHARE, FLOOR_BYTES_MAX)
                : freeSpaceFloorBytes;
    }
}
