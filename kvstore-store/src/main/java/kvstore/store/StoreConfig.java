package kvstore.store;

import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import kvstore.api.Blocks;

/**
 * What an operator decides about the store.
 *
 * @param directory the pool's directory; the same for all nodes of a pool
 * @param node name of this node, and of its directory inside the pool: 1 to 64 letters, digits, {@code . _ -}, the first
 *     a letter or a digit
 * @param capacityBytes most bytes of disk that this node's directory takes; 0 for half of what the file system has free and the
 *     store holds already
 * @param segmentBytes size of a segment file; made smaller by itself where the capacity has no room for
 *     {@link Geometry#SEGMENTS_MIN} of them
 * @param maxValueBytes longest value, at most {@link #LARGEST_VALUE_BYTES}
 * @param leaseMillisMax longest lease; a longer wish is cut down to it
 * @param leasesMax most leases at a time
 * @param eviction what goes when room is needed
 * @param ghostsMax keys of which {@link ChunkStore#explain} remembers why they are not here, 32 bytes each
 * @param moreDirectories further directories of the same pool that this node keeps segments in, each with a capacity of
 *     {@code capacityBytes} of its own
 * @param capacity when to evict ahead of need, and what to leave to others
 */
public record StoreConfig(
        Path directory,
        String node,
        long capacityBytes,
        long segmentBytes,
        long maxValueBytes,
        long leaseMillisMax,
        int leasesMax,
        EvictionConfig eviction,
        int ghostsMax,
        List<Path> moreDirectories,
        CapacityConfig capacity) {

    /** Longest value whose block checksums fit into a record header, in bytes. */
    public static final long LARGEST_VALUE_BYTES = (long) RecordHeader.CHECKSUMS_MAX * Blocks.BLOCK_BYTES;

    /** Largest segment file, in bytes: 64 GiB. */
    public static final long LARGEST_SEGMENT_BYTES = 64L << 30;

    /** Most keys to remember, 32 bytes each. */
    public static final int GHOSTS_MAX = 1_000_000;

    private static final int GHOSTS_DEFAULT = 100_000;
    private static final Pattern NODE = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,63}");

    /** @throws IllegalArgumentException naming the setting, its value and the rule */
    public StoreConfig {
        moreDirectories = List.copyOf(moreDirectories);
        require(
                !moreDirectories.contains(directory)
                        && Set.copyOf(moreDirectories).size() == moreDirectories.size(),
                "moreDirectories",
                moreDirectories,
                "other directories than " + directory + ", each once");
        require(NODE.matcher(node).matches(), "node", node, "1 to 64 letters, digits, '.', '_' or '-'");
        require(capacityBytes >= 0, "capacityBytes", capacityBytes, "0 for automatic, or more");
        require(
                segmentBytes > 0 && segmentBytes <= LARGEST_SEGMENT_BYTES && Blocks.isAligned(segmentBytes),
                "segmentBytes",
                segmentBytes,
                "a multiple of " + Blocks.BLOCK_BYTES + " up to " + LARGEST_SEGMENT_BYTES);
        require(
                maxValueBytes > 0 && maxValueBytes <= LARGEST_VALUE_BYTES,
                "maxValueBytes",
                maxValueBytes,
                "1 to " + LARGEST_VALUE_BYTES);
        require(
                Geometry.segmentBytesFor(maxValueBytes) <= segmentBytes,
                "maxValueBytes",
                maxValueBytes,
                "small enough for a segment: it needs segmentBytes of at least "
                        + Geometry.segmentBytesFor(maxValueBytes) + ", and they are " + segmentBytes);
        require(leaseMillisMax > 0, "leaseMillisMax", leaseMillisMax, "1 or more");
        require(leasesMax > 0, "leasesMax", leasesMax, "1 or more");
        require(
                eviction.idleSecondsMax() * 1000L >= leaseMillisMax,
                "leaseMillisMax",
                leaseMillisMax,
                "no longer than what nobody wants is kept, " + eviction.idleSeconds() + " s");
        require(ghostsMax >= 0 && ghostsMax <= GHOSTS_MAX, "ghostsMax", ghostsMax, "0 to " + GHOSTS_MAX);
    }

    /** The same, with the default of what has one. */
    public StoreConfig(
            Path directory,
            String node,
            long capacityBytes,
            long segmentBytes,
            long maxValueBytes,
            long leaseMillisMax,
            int leasesMax) {
        this(
                directory,
                node,
                capacityBytes,
                segmentBytes,
                maxValueBytes,
                leaseMillisMax,
                leasesMax,
                EvictionConfig.defaults(),
                GHOSTS_DEFAULT,
                List.of(),
                CapacityConfig.AT_THE_LIMIT);
    }

    /** All of them, as configured. */
    List<Path> directories() {
        return Stream.concat(Stream.of(directory), moreDirectories.stream()).toList();
    }

    /** The same with another eviction. */
    public StoreConfig with(EvictionConfig other) {
        return new StoreConfig(
                directory,
                node,
                capacityBytes,
                segmentBytes,
                maxValueBytes,
                leaseMillisMax,
                leasesMax,
                other,
                ghostsMax,
                moreDirectories,
                capacity);
    }

    /** 1 GiB segments, values up to 512 MiB, leases up to a minute, automatic capacity. */
    public static StoreConfig defaults(Path directory, String node) {
        return new StoreConfig(directory, node, 0, 1L << 30, 512L << 20, 60_000, 10_000);
    }

    static void require(boolean right, String setting, Object value, String rule) {
        if (!right) {
            throw new IllegalArgumentException(setting + " = " + value + ": must be " + rule);
        }
    }
}
