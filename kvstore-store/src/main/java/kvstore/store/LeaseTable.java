package kvstore.store;

import java.util.Collection;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;

/** Leases: holds on segments that end by themselves. Bounded in number and time. Thread-safe. */
final class LeaseTable {
    private record Lease(List<Segment> segments, long endNanos) {}

    private final ReentrantLock lock = new ReentrantLock();
    private final Map<Long, Lease> leases = new HashMap<>();
    private final int leasesMax;
    private final Environment environment;
    private long lastId;

    /** @param firstId so that an identity from an earlier start is not taken for one of this */
    LeaseTable(int leasesMax, long firstId, Environment environment) {
        this.leasesMax = leasesMax;
        this.lastId = firstId;
        this.environment = environment;
    }

    /**
     * Grants a lease.
     *
     * @param held segments on which the caller has taken one hold each; the lease takes them over
     * @return its identity, or 0 if there are too many; the holds are then released
     */
    long grant(Collection<Segment> held, long millis) {
        long now = environment.nanos().getAsLong();
        lock.lock();
        try {
            if (leases.size() >= leasesMax) {
                dropEnded(now);
            }
            if (leases.size() < leasesMax) {
                lastId++;
                leases.put(lastId, new Lease(List.copyOf(held), now + millis * 1_000_000));
                return lastId;
            }
        } finally {
            lock.unlock();
        }
        held.forEach(Segment::release);
        return 0;
    }

    void release(long id) {
        lock.lock();
        try {
            Lease lease = leases.remove(id);
            if (lease != null) {
                lease.segments.forEach(Segment::release);
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

    private void dropEnded(long now) {
        for (Iterator<Lease> each = leases.values().iterator(); each.hasNext(); ) {
            Lease lease = each.next();
            if (lease.endNanos - now <= 0) {
                lease.segments.forEach(Segment::release);
                each.remove();
            }
        }
    }
}
