package kvstore.server.region;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;

/** How many regions of one kind there are and were. Thread-safe. */
public final class RegionTally {
    private final AtomicInteger count = new AtomicInteger();
    private final AtomicLong bytes = new AtomicLong();
    private final LongAdder endedIdle = new LongAdder();
    private final LongAdder endedBusy = new LongAdder();

    RegionTally() {}

    /** Those that are there now. */
    public int count() {
        return count.get();
    }

    /** What they take of their clients' memory together, in bytes. */
    public long bytes() {
        return bytes.get();
    }

    /** Those that were given up since the start while nothing was under way in them. */
    public long endedIdle() {
        return endedIdle.sum();
    }

    /** Those that were given up while chunks were under way: their clients died, or did not wait. */
    public long endedBusy() {
        return endedBusy.sum();
    }

    void added(long sizeBytes) {
        count.incrementAndGet();
        bytes.addAndGet(sizeBytes);
    }

    void givenUp(boolean busy) {
        (busy ? endedBusy : endedIdle).increment();
    }

    void removed(long sizeBytes) {
        bytes.addAndGet(-sizeBytes);
        count.decrementAndGet();
    }
}
