package kvstore.bench.evict;

import java.time.Duration;
import java.util.List;

/** How a node is filled and what it does then. */
enum Mode {
    /** There is room for all that is written: nothing is evicted. */
    ROOM("oldest", Duration.ofSeconds(10)),

    /** The node is full, and each new segment costs the oldest; leases keep what is read. */
    OLDEST("oldest", Duration.ofSeconds(10)),

    /** The node is full, and what is read is written again before its segment goes. */
    REINSERT("reinsert", Duration.ZERO);

    private final String policy;
    private final Duration lease;

    Mode(String policy, Duration lease) {
        this.policy = policy;
        this.lease = lease;
    }

    /** What keeps the chunks that are read from being evicted; zero if nothing does. */
    Duration lease() {
        return lease;
    }

    /** Settings of the daemon, for a node of this capacity that is given so many bytes beyond it. */
    List<String> settings(EvictionPlan plan) {
        long capacity = plan.capacityBytes() + (this == ROOM ? plan.beyondBytes() : 0);
        return List.of(
                "data.capacity=" + (capacity >> 20) + "MiB",
                "data.segment-size=64MiB",
                "data.max-value-size=32MiB",
                "eviction.policy=" + policy);
    }
}
