package kvstore.store;

import java.util.concurrent.atomic.AtomicLong;

/**
 * Bytes of disk that a node's directory takes, against the capacity.
 *
 * <p>What counts is what is allocated, not how long files are. Space is taken before a file is created, all that it may
 * come to take; once nothing is written to it any more, what it really takes is counted instead.
 */
final class Space {
    private final long capacityBytes;
    private final AtomicLong usedBytes = new AtomicLong();

    /** Of what is used, the part that may not be allocated yet. */
    private final AtomicLong reservedBytes = new AtomicLong();

    Space(long capacityBytes) {
        this.capacityBytes = capacityBytes;
    }

    /** Takes space, or returns false if the capacity does not allow it. */
    boolean tryTake(long bytes) {
        long before = usedBytes.getAndUpdate(used -> used + bytes <= capacityBytes ? used + bytes : used);
        return before + bytes <= capacityBytes;
    }

    /** Counts what is there already, or less of it. */
    void found(long bytes) {
        usedBytes.addAndGet(bytes);
    }

    void give(long bytes) {
        usedBytes.addAndGet(-bytes);
    }

    /** So much of what was taken may not be allocated; negative once it is, or is given back. */
    void reserve(long bytes) {
        reservedBytes.addAndGet(bytes);
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

    long reservedBytes() {
        return reservedBytes.get();
    }
}
