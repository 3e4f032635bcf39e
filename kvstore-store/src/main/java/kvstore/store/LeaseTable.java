package kvstore.store;

import java.util.Collection;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;

/** Leases: holds on segments that end by themselves. Bounded in number and time. Thread-safe. */
final class LeaseTable {
    private record Lease(List<Segment> segments, String owner, long endNanos) {}

    private final ReentrantLock lock = new ReentrantLock();
    private final Map<Long, Lease> leases = new HashMap<>();
    private final int leasesMax;
    private final long bytesMax;
    private final StoreListener listener;
    private final Environment environment;

    /** How many leases hold a segment. */
    private final Map<Segment, Integer> leased = new HashMap<>();

    private long leasedBytes;
    private long lastId;

    /**
     * @param bytesMax most bytes of segments that leases may hold together
     * @param firstId so that an identity from an earlier start is not taken for one of this
     */
    LeaseTable(int leasesMax, long bytesMax, long firstId, StoreListener listener, Environment environment) {
        this.bytesMax = bytesMax;
        this.listener = listener;
        this.leasesMax = leasesMax;
        this.lastId = firstId;
        this.environment = environment;
    }

    /**
     * Grants a lease.
     *
     * @param owner the namespace whose callers may release it
     * @param held segments on which the caller has taken one hold each; the lease takes them over
     * @return its identity, or 0 if there are too many or they would hold too much; the holds are then released
     */
    long grant(String owner, Collection<Segment> held, long millis) {
        long now = environment.nanos().getAsLong();
        boolean fits;
        lock.lock();
        try {
            fits = bytesWith(held) <= bytesMax;
            if (leases.size() >= leasesMax || !fits) {
                dropEnded(now);
                fits = bytesWith(held) <= bytesMax;
            }
            if (leases.size() < leasesMax && fits) {
                held.forEach(this::lease);
                lastId++;
                leases.put(lastId, new Lease(List.copyOf(held), owner, now + millis * 1_000_000));
                return lastId;
            }
        } finally {
            lock.unlock();
        }
        held.forEach(Segment::release);
        if (!fits) {
            listener.leaseRefused();
        }
        return 0;
    }

    /** Ends a lease of this owner. */
    void release(long id, String owner) {
        lock.lock();
        try {
            Lease lease = leases.get(id);
            if (lease != null && lease.owner.equals(owner)) {
                leases.remove(id);
                lease.segments.forEach(this::unlease);
            }
        } finally {
            lock.unlock();
        }
    }

    /** Releases what leases held that have ended. Must be called before deciding that nothing can be evicted. */
    void expire() {
        lock.lock();
        try {
            dropEnded(environment.nanos().getAsLong());
        } finally {
            lock.unlock();
        }
    }

    /** Leases that hold now. */
    int size() {
        expire();
        lock.lock();
        try {
            return leases.size();
        } finally {
            lock.unlock();
        }
    }

    /** Bytes of segments that leases hold now. */
    long bytes() {
        expire();
        lock.lock();
        try {
            return leasedBytes;
        } finally {
            lock.unlock();
        }
    }

    /** Leases that hold this segment now. */
    int on(Segment segment) {
        expire();
        lock.lock();
        try {
            return (int) leases.values().stream()
                    .filter(lease -> lease.segments.contains(segment))
                    .count();
        } finally {
            lock.unlock();
        }
    }

    private long bytesWith(Collection<Segment> held) {
        long more = 0;
        for (Segment segment : held) {
            more += leased.containsKey(segment) ? 0 : segment.sizeBytes();
        }
        return leasedBytes + more;
    }

    private void lease(Segment segment) {
        if (leased.merge(segment, 1, Integer::sum) == 1) {
            leasedBytes += segment.sizeBytes();
        }
    }

    private void unlease(Segment segment) {
        if (leased.computeIfPresent(segment, (_, count) -> count == 1 ? null : count - 1) == null) {
            leasedBytes -= segment.sizeBytes();
        }
        segment.release();
    }

    private void dropEnded(long now) {
        for (Iterator<Lease> each = leases.values().iterator(); each.hasNext(); ) {
            Lease lease = each.next();
            if (lease.endNanos - now <= 0) {
                lease.segments.forEach(this::unlease);
                each.remove();
            }
        }
    }
}
