package kvstore.bench.evict;

import kvstore.api.Blocks;

/**
 * How much is written and read.
 *
 * @param chunkBytes size of a chunk
 * @param capacityBytes of a full node
 * @param turnBytes written in each turn
 * @param rounds turns of each mode
 */
record EvictionPlan(long chunkBytes, long capacityBytes, long turnBytes, int rounds) {
    private static final long CHUNK_BYTES_MAX = 16L << 20;
    private static final long CAPACITY_BYTES_MIN = 512L << 20;

    /** What is read all the time is so small a part of the capacity that reinsertion can keep it within its tenth. */
    private static final int HOT_DIVISOR = 25;

    /** As many turns warm a daemon up. */
    private static final int WARM_UP_TURNS = 1;

    /** @throws IllegalArgumentException naming the option and what is allowed */
    EvictionPlan {
        require(
                chunkBytes > 0 && chunkBytes <= CHUNK_BYTES_MAX && Blocks.isAligned(chunkBytes),
                "--size must be a multiple of 64KiB, at most 16MiB");
        require(capacityBytes >= CAPACITY_BYTES_MIN, "--capacity must be at least 512MiB");
        require(turnBytes >= chunkBytes, "--write must be at least --size");
        require(rounds > 0, "--rounds must be at least 1");
    }

    int hotChunks() {
        return Math.max(1, Math.toIntExact(capacityBytes / HOT_DIVISOR / chunkBytes));
    }

    /** Chunks that fill a node. */
    int fillChunks() {
        return Math.toIntExact(capacityBytes / chunkBytes);
    }

    /** Chunks of a turn. */
    int turnChunks() {
        return Math.toIntExact(turnBytes / chunkBytes);
    }

    /** All that a node is given beyond its capacity, with what segments waste, in bytes. */
    long beyondBytes() {
        long payload = turnBytes * (rounds + WARM_UP_TURNS) + capacityBytes;
        return payload + payload / 4;
    }

    /** What all nodes take on disk together. */
    long diskBytes() {
        return Mode.values().length * capacityBytes + beyondBytes();
    }

    private static void require(boolean right, String rule) {
        if (!right) {
            throw new IllegalArgumentException(rule);
        }
    }
}
