package kvstore.server.resp;

import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import kvstore.api.ChunkKey;
import kvstore.store.ChunkStore;
import org.jspecify.annotations.Nullable;

/**
 * When keys that were set with EX or PX end. The store knows no expiry, so they are remembered here, as long as the daemon
 * runs, and deleted when their time has come. Thread-safe.
 */
final class Expiries implements AutoCloseable {
    /** @param id tells two of the same time apart */
    private record Expiry(ChunkKey key, long atMillis, long id) {}

    private final ChunkStore store;
    private final int limit;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Map<ChunkKey, Expiry> byKey = new HashMap<>();
    private final TreeSet<Expiry> byTime =
            new TreeSet<>(Comparator.comparingLong(Expiry::atMillis).thenComparingLong(Expiry::id));
    private long nextId;
    private final Thread sweeper = Thread.ofVirtual().name("resp-expiries").unstarted(this::sweep);

    /** @param limit most keys that are remembered */
    Expiries(ChunkStore store, int limit) {
        this.store = store;
        this.limit = limit;
        sweeper.start();
    }

    /**
     * From now on the key ends at {@code atMillis} of the wall clock.
     *
     * @return false if there is no room to remember it
     */
    boolean set(ChunkKey key, long atMillis) {
        lock.lock();
        try {
            Expiry before = byKey.get(key);
            if (before == null && byKey.size() >= limit) {
                return false;
            }
            forget(before);
            Expiry expiry = new Expiry(key, atMillis, nextId++);
            byKey.put(key, expiry);
            byTime.add(expiry);
            changed.signal();
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** From now on the key has no end. */
    void clear(ChunkKey key) {
        lock.lock();
        try {
            forget(byKey.get(key));
        } finally {
            lock.unlock();
        }
    }

    /** What the key has left, in milliseconds, 0 if it is over; -1 if it has no end. */
    long millisLeft(ChunkKey key) {
        lock.lock();
        try {
            Expiry expiry = byKey.get(key);
            return expiry == null ? -1 : Math.max(0, expiry.atMillis() - System.currentTimeMillis());
        } finally {
            lock.unlock();
        }
    }

    /** How many keys have an end. */
    int count() {
        lock.lock();
        try {
            return byKey.size();
        } finally {
            lock.unlock();
        }
    }

    boolean isOver(ChunkKey key) {
        return millisLeft(key) == 0;
    }

    private void forget(@Nullable Expiry expiry) {
        if (expiry != null) {
            byKey.remove(expiry.key());
            byTime.remove(expiry);
        }
    }

    private void sweep() {
        try {
            while (true) {
                Expiry over = awaitNext();
                store.delete(over.key());
                forgetIfSame(over);
            }
        } catch (InterruptedException _) {
            // the door closes
        }
    }

    /** Unless the key was set again in between. */
    private void forgetIfSame(Expiry over) {
        lock.lock();
        try {
            if (over.equals(byKey.get(over.key()))) {
                forget(over);
            }
        } finally {
            lock.unlock();
        }
    }

    /** Waits for the next key whose time has come. */
    private Expiry awaitNext() throws InterruptedException {
        lock.lockInterruptibly();
        try {
            while (true) {
                if (byTime.isEmpty()) {
                    changed.await();
                    continue;
                }
                Expiry first = byTime.first();
                long left = first.atMillis() - System.currentTimeMillis();
                if (left <= 0) {
                    return first;
                }
                @SuppressWarnings("WaitNotInLoop") // it is in one
                boolean _ = changed.await(left, TimeUnit.MILLISECONDS);
            }
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() {
        sweeper.interrupt();
        try {
            sweeper.join();
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }
}
