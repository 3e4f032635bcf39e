package kvstore.server.config;

import java.util.OptionalLong;

/**
 * When segments are evicted, and what is left to others.
 *
 * @param highWatermark part of the capacity at which eviction starts
 * @param lowWatermark part of the capacity at which it stops
 * @param freeSpaceFloorBytes what the file system shall have free, or empty for {@code auto}; 0 for no floor
 */
public record CapacityConfig(double highWatermark, double lowWatermark, OptionalLong freeSpaceFloorBytes) {}
