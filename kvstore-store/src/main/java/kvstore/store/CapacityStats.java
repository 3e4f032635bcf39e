package kvstore.store;

import java.util.Comparator;
import java.util.List;

/**
 * How full the disk is, at one moment.
 *
 * @param limitBytes most bytes of disk that the node's directory may take
 * @param usedBytes what it takes, blocks allocated, and {@code reservedBytes}
 * @param reservedBytes of these, what is kept for segments that are being written and may not be allocated yet
 * @param floorBytes what the file system shall have free for others; 0 for no floor
 * @param state see there
 */
public record CapacityStats(long limitBytes, long usedBytes, long reservedBytes, long floorBytes, CapacityState state) {

    /** All together: sums, but the largest floor and the worst state. */
    static CapacityStats sum(List<CapacityStats> each) {
        return new CapacityStats(
                each.stream().mapToLong(CapacityStats::limitBytes).sum(),
                each.stream().mapToLong(CapacityStats::usedBytes).sum(),
                each.stream().mapToLong(CapacityStats::reservedBytes).sum(),
                each.stream().mapToLong(CapacityStats::floorBytes).max().orElse(0),
                each.stream()
                        .map(CapacityStats::state)
                        .max(Comparator.naturalOrder())
                        .orElse(CapacityState.OK));
    }
}
