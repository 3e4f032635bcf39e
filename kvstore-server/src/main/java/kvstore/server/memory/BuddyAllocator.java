package kvstore.server.memory;

import java.util.BitSet;
import kvstore.api.Blocks;

/**
 * Hands out offsets into one region in sizes of 64 KiB times a power of two, up to {@link #MAX_BYTES}.
 *
 * <p>Buddies (Knowlton 1965), because chunks of a few KiB and pieces of 16 MiB share the region: two free halves become
 * one whole again at once, so small values can never fragment the memory for long. Lowest address first keeps the upper
 * part whole. Not thread-safe.
 */
final class BuddyAllocator {
    /** The largest allocation, in bytes. */
    static final long MAX_BYTES = 16L * 1024 * 1024;

    /** Says that nothing large enough is free. */
    static final long NONE = -1;

    private static final int MAX_ORDER = Long.numberOfTrailingZeros(MAX_BYTES / Blocks.BLOCK_BYTES);

    /** {@code free[order]} has bit i set if the allocation of that order at {@code i * size} is free. */
    private final BitSet[] free = new BitSet[MAX_ORDER + 1];

    /** For a region of {@code regionBytes}, a positive multiple of {@link #MAX_BYTES}. */
    BuddyAllocator(long regionBytes) {
        if (regionBytes <= 0 || regionBytes % MAX_BYTES != 0) {
            throw new IllegalArgumentException("region of " + regionBytes + " bytes is no multiple of " + MAX_BYTES);
        }
        for (int order = 0; order <= MAX_ORDER; order++) {
            free[order] = new BitSet();
        }
        free[MAX_ORDER].set(0, Math.toIntExact(regionBytes / MAX_BYTES));
    }

    /** What an allocation of {@code bytes} takes, in bytes. */
    static long sizeFor(long bytes) {
        return sizeOf(orderFor(bytes));
    }

    /** The offset of a free place of {@link #sizeFor}{@code (bytes)}, or {@link #NONE}. */
    long allocate(long bytes) {
        int wanted = orderFor(bytes);
        for (int order = wanted; order <= MAX_ORDER; order++) {
            int index = free[order].nextSetBit(0);
            if (index >= 0) {
                free[order].clear(index);
                for (int split = order; split > wanted; split--) {
                    index *= 2;
                    free[split - 1].set(index + 1);
                }
                return index * sizeOf(wanted);
            }
        }
        return NONE;
    }

    /** Gives back what {@link #allocate} returned for the same {@code bytes}. */
    void free(long offset, long bytes) {
        int order = orderFor(bytes);
        int index = Math.toIntExact(offset / sizeOf(order));
        while (order < MAX_ORDER && free[order].get(index ^ 1)) {
            free[order].clear(index ^ 1);
            index /= 2;
            order++;
        }
        free[order].set(index);
    }

    private static int orderFor(long bytes) {
        if (bytes <= 0 || bytes > MAX_BYTES) {
            throw new IllegalArgumentException("1 to " + MAX_BYTES + " bytes, not " + bytes);
        }
        long blocks = Blocks.count(bytes);
        return Long.SIZE - Long.numberOfLeadingZeros(blocks - 1);
    }

    private static long sizeOf(int order) {
        return (long) Blocks.BLOCK_BYTES << order;
    }
}
