package kvstore.store;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.locks.ReentrantLock;
import kvstore.api.KeyDigest;
import kvstore.store.Departure.Cause;
import org.jspecify.annotations.Nullable;

/**
 * Remembers of keys that left the index, or never came into it, why. Only for who asks {@link ChunkStore#explain}: nothing
 * that the store does depends on it, and a restart forgets it. Thread-safe.
 *
 * <p>32 bytes each, off the heap, in sets of {@value #WAYS}. A set is ordered, newest first, so a new ghost takes the place
 * of the oldest of its set: bounded without a list beside the table. Asked once for a key, never on the way of a get.
 */
final class Ghosts {
    private static final int WAYS = 8;
    private static final int GHOST_BYTES = 4 * Long.BYTES;
    private static final int SET_BYTES = WAYS * GHOST_BYTES;

    private final MemorySegment table;
    private final long sets;
    private final ReentrantLock lock = new ReentrantLock();
    private int size;

    /** @param max most ghosts, rounded up to whole sets; 0 for none */
    Ghosts(int max) {
        sets = (max + WAYS - 1L) / WAYS;
        table = Arena.ofAuto().allocate(sets * SET_BYTES, Long.BYTES);
    }

    /** Remembers this of the key, in place of what was known before. */
    void add(KeyDigest digest, Departure departure) {
        if (sets == 0) {
            return;
        }
        lock.lock();
        try {
            long set = set(digest);
            int way = find(set, digest);
            if (way == WAYS) {
                way = WAYS - 1; // the oldest gives way
                size += word(set, way, 3) == 0 ? 1 : 0;
            }
            MemorySegment.copy(table, set, table, set + GHOST_BYTES, (long) way * GHOST_BYTES);
            write(set, 0, digest.high());
            write(set, 1, digest.low());
            write(set, 2, pack(departure.segment(), (int) (departure.millis() / 1000)));
            write(set, 3, pack((int) departure.length(), departure.cause().code()));
        } finally {
            lock.unlock();
        }
    }

    /** What is known of the key; null for nothing. */
    @Nullable
    Departure get(KeyDigest digest) {
        if (sets == 0) {
            return null;
        }
        lock.lock();
        try {
            long set = set(digest);
            int way = find(set, digest);
            if (way == WAYS) {
                return null;
            }
            long place = word(set, way, 2);
            long what = word(set, way, 3);
            return new Departure(
                    Cause.of((int) what),
                    Integer.toUnsignedLong((int) place) * 1000,
                    (int) (place >>> 32),
                    what >>> 32);
        } finally {
            lock.unlock();
        }
    }

    /** How many there are. */
    int size() {
        lock.lock();
        try {
            return size;
        } finally {
            lock.unlock();
        }
    }

    /** {@link #WAYS} if there is none. */
    private int find(long set, KeyDigest digest) {
        for (int way = 0; way < WAYS && word(set, way, 3) != 0; way++) {
            if (word(set, way, 0) == digest.high() && word(set, way, 1) == digest.low()) {
                return way;
            }
        }
        return WAYS;
    }

    /** Where the set of the digest begins. The digest is random already. */
    private long set(KeyDigest digest) {
        return (((digest.low() >>> 32) * sets) >>> 32) * SET_BYTES;
    }

    private long word(long set, int way, int word) {
        return table.get(ValueLayout.JAVA_LONG, set + (long) way * GHOST_BYTES + (long) word * Long.BYTES);
    }

    private void write(long set, int word, long value) {
        table.set(ValueLayout.JAVA_LONG, set + (long) word * Long.BYTES, value);
    }

    private static long pack(int high, int low) {
        return ((long) high << 32) | Integer.toUnsignedLong(low);
    }
}
