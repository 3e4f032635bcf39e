package kvstore.server.identity;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.regex.Pattern;
import kvstore.api.ChunkKey;

/**
 * Who shares one set of keys. Every key that a door takes becomes one of its caller's tenant here, and nowhere else: the
 * tenant is part of the key's namespace, and so of its digest and of its record. A door therefore cannot reach a key of
 * another tenant, whatever it is asked for.
 *
 * <p>Lives as long as the daemon; what it may can change. Thread-safe.
 */
public final class Tenant {
    /** Of callers that no other tenant names. Its keys have no tenant in their namespace, as before there were tenants. */
    public static final String DEFAULT = "default";

    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,63}");

    /** No namespace of a door begins so. */
    private static final String MARK = "@";

    private final String name;
    private final String namespace;
    private final AtomicLong inFlightBytes = new AtomicLong();
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition somebodyLeft = lock.newCondition();
    private final LongAdder shedPuts = new LongAdder();
    private final LongAdder refusedGets = new LongAdder();
    private volatile TenantLimits limits;

    Tenant(String name, TenantLimits limits) {
        if (!isName(name)) {
            throw new IllegalArgumentException("no name of a tenant: " + name);
        }
        this.name = name;
        this.namespace = name.equals(DEFAULT) ? ChunkKey.DEFAULT_NAMESPACE : MARK + name;
        this.limits = limits;
    }

    static boolean isName(String text) {
        return NAME.matcher(text).matches();
    }

    public String name() {
        return name;
    }

    /** What it may. */
    public TenantLimits limits() {
        return limits;
    }

    void limits(TenantLimits changed) {
        limits = changed;
    }

    /** The namespace of its keys. */
    public String namespace() {
        return namespace;
    }

    /** The namespace of its keys that come through a door with a namespace of its own. */
    public String namespace(String ofDoor) {
        if (namespace.isEmpty()) {
            return ofDoor;
        }
        return ofDoor.isEmpty() ? namespace : namespace + "/" + ofDoor;
    }

    /**
     * Its key of these bytes, which are not copied.
     *
     * @throws IllegalArgumentException if the key is empty or too long
     */
    public ChunkKey key(byte[] bytes) {
        return ChunkKey.of(namespace, bytes);
    }

    /**
     * Takes a part of its budget for payload in flight; to be given back with {@link #leave}. A tenant with nothing in flight
     * may always begin. Not for callers that hold a part already, unless they do not wait.
     *
     * @param waitNanos how long to wait for others of the tenant to leave
     * @return false if there was not so much left in time
     */
    public boolean enter(long bytes, long waitNanos) throws InterruptedException {
        if (limits.inFlightBytes() == TenantLimits.UNLIMITED) {
            inFlightBytes.addAndGet(bytes);
            return true;
        }
        if (tryEnter(bytes)) {
            return true;
        }
        long left = waitNanos;
        lock.lock();
        try {
            boolean entered = tryEnter(bytes);
            while (!entered && left > 0) {
                left = somebodyLeft.awaitNanos(left);
                entered = tryEnter(bytes);
            }
            return entered;
        } finally {
            lock.unlock();
        }
    }

    private boolean tryEnter(long bytes) {
        while (true) {
            long before = inFlightBytes.get();
            if (before > 0 && bytes > limits.inFlightBytes() - before) {
                return false;
            }
            if (inFlightBytes.compareAndSet(before, before + bytes)) {
                return true;
            }
        }
    }

    /** Gives back what {@link #enter} took. */
    public void leave(long bytes) {
        inFlightBytes.addAndGet(-bytes);
        if (limits.inFlightBytes() != TenantLimits.UNLIMITED) {
            lock.lock();
            try {
                somebodyLeft.signalAll();
            } finally {
                lock.unlock();
            }
        }
    }

    /** Payload in flight, in bytes. */
    public long inFlightBytes() {
        return inFlightBytes.get();
    }

    /** A put was not taken because of the tenant's limits. */
    public void shedPut() {
        shedPuts.increment();
    }

    /** A get was not served because of the tenant's limits. */
    public void refusedGet() {
        refusedGets.increment();
    }

    /** Puts that its limits have shed since the start. */
    public long shedPuts() {
        return shedPuts.sum();
    }

    /** Gets that its limits made a miss since the start. */
    public long refusedGets() {
        return refusedGets.sum();
    }

    @Override
    public String toString() {
        return name;
    }
}
