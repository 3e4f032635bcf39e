package kvstore.store;

/**
 * When segments are evicted ahead of need, and how much is left to others.
 *
 * @param highWatermark part of the capacity, above 0 and up to 1: eviction starts when more than that is in use
 * @param lowWatermark part of the capacity, above 0 and up to {@code highWatermark}: eviction stops there
 * @param freeSpaceFloorBytes what the file system shall have free for others; below it the store shrinks. 0 for no floor
 */
public record CapacityConfig(double highWatermark, double lowWatermark, long freeSpaceFloorBytes) {
    /** Evicts only what a new segment needs, and leaves nothing to others. */
    public static final CapacityConfig AT_THE_LIMIT = new CapacityConfig(1, 1, 0);

    /** @throws IllegalArgumentException naming the setting, its value and the rule */
    public CapacityConfig {
        if (!(highWatermark > 0 && highWatermark <= 1)) {
            throw new IllegalArgumentException("highWatermark = " + highWatermark + ": must be above 0, up to 1");
        }
        if (!(lowWatermark > 0 && lowWatermark <= highWatermark)) {
            throw new IllegalArgumentException(
                    "lowWatermark = " + lowWatermark + ": must be above 0, up to highWatermark = " + highWatermark);
        }
        if (freeSpaceFloorBytes < 0) {
            throw new IllegalArgumentException(
                    "freeSpaceFloorBytes = " + freeSpaceFloorBytes + ": must be 0 for none, or more");
        }
    }
}
