package kvstore.store;

import java.util.concurrent.atomic.AtomicLong;

/** Bytes that this node's files take, against the capacity. Space is taken before a file is created. */
final class Space {
    private final long capacityBytes;
    private final AtomicLong usedBytes = new AtomicLong();

    Space(long capacityBytes) {
        this.capacityBytes = capacityBytes;
    }

    /** Takes space, or returns false if the capacity does not allow it. */
    boolean tryTake(long bytes) {
        long before = usedBytes.getAndUpdate(used -> used + bytes <= capacityBytes ? used + bytes : used);
        return before + bytes <= capacityBytes;
    }

    /** Counts a file that is there already. */
    void found(long bytes) {
        usedBytes.addAndGet(bytes);
    }

    void give(long bytes) {
        usedBytes.addAndGet(-bytes);
    }

    boolean exceeded() {
        return usedBytes.get() > capacityBytes;
    }

    long capacityBytes() {
        return capacityBytes;
    }

    long usedBytes() {
        return usedBytes.get();
    }
}
