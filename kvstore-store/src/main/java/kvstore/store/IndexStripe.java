package kvstore.store;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.locks.StampedLock;
import kvstore.store.ChunkIndex.Slot;
import org.jspecify.annotations.Nullable;

/**
 * One part of the index: open addressing with linear probing in one array of longs. Four longs are a slot: digest high,
 * digest low, segment and block, length and time of last use in seconds. Segment 0 marks an empty slot. Above the length,
 * which is below 2<sup>30</sup>, a bit says that the chunk was used since it was written.
 *
 * <p>The table grows by half when four fifths are used, so that an entry takes 40 to 60 bytes.
 */
final class IndexStripe {
    private static final int SLOT = 4;
    private static final int SLOTS_MIN = 16;
    private static final int USED = 1 << 31;
    private static final VarHandle ELEMENT = MethodHandles.arrayElementVarHandle(long[].class);

    private final StampedLock lock = new StampedLock();
    private long[] table = new long[SLOTS_MIN * SLOT];
    private int size;

    /** @param seconds time of this use; 0 for a look that is none */
    @Nullable
    Slot get(long high, long low, int seconds) {
        return get(high, low, seconds, 0, 0);
    }

    /**
     * @param seconds time of this use; 0 for a look that is none
     * @param graceSeconds a use so soon after the last changes nothing
     * @param notBefore what was used last before this second is not found
     */
    @Nullable
    Slot get(long high, long low, int seconds, int graceSeconds, int notBefore) {
        long stamp = lock.readLock();
        try {
            int at = find(high, low);
            if (table[at + 2] == 0 || (int) table[at + 3] < notBefore) {
                return null;
            }
            if (seconds != 0) {
                touch(at, seconds, graceSeconds);
            }
            return slot(at);
        } finally {
            lock.unlockRead(stamp);
        }
    }

    /** Time and kind of the last use of the chunk of this place; null if there is none or another. */
    ChunkIndex.@Nullable Use use(long high, long low, int segment, int block) {
        long stamp = lock.readLock();
        try {
            int at = find(high, low);
            return table[at + 2] == pack(segment, block)
                    ? new ChunkIndex.Use((int) table[at + 3], table[at + 3] < 0)
                    : null;
        } finally {
            lock.unlockRead(stamp);
        }
    }

    void showUses(LastUses uses) {
        long stamp = lock.readLock();
        try {
            for (int at = 0; at < table.length; at += SLOT) {
                if (table[at + 2] != 0) {
                    uses.see(segment(at), (int) table[at + 3]);
                }
            }
        } finally {
            lock.unlockRead(stamp);
        }
    }

    /** Time of last use; 0 if there is no such entry. */
    int usedSeconds(long high, long low) {
        long stamp = lock.readLock();
        try {
            int at = find(high, low);
            return table[at + 2] == 0 ? 0 : (int) table[at + 3];
        } finally {
            lock.unlockRead(stamp);
        }
    }

    /** Returns what was there before. */
    @Nullable
    Slot put(long high, long low, Slot slot, int seconds) {
        long stamp = lock.writeLock();
        try {
            int at = find(high, low);
            Slot before = table[at + 2] == 0 ? null : slot(at);
            if (before == null && (size + 1) * 5L > capacity() * 4L) {
                grow();
                at = find(high, low);
            }
            table[at] = high;
            table[at + 1] = low;
            table[at + 2] = pack(slot.segment(), slot.block());
            table[at + 3] = pack(slot.length(), seconds);
            size += before == null ? 1 : 0;
            return before;
        } finally {
            lock.unlockWrite(stamp);
        }
    }

    /** Removes the entry if it is of this place, or, with segment 0, of any; returns what was removed. */
    @Nullable
    Slot remove(long high, long low, int segment, int block) {
        long stamp = lock.writeLock();
        try {
            int at = find(high, low);
            if (table[at + 2] == 0 || (segment != 0 && table[at + 2] != pack(segment, block))) {
                return null;
            }
            Slot removed = slot(at);
            removeAt(at);
            return removed;
        } finally {
            lock.unlockWrite(stamp);
        }
    }

    /** Removes all entries of a segment; adds their number and bytes to {@code sums}. */
    void removeAll(int segment, long[] sums) {
        long stamp = lock.writeLock();
        try {
            for (int at = 0; at < table.length; ) {
                if (segment(at) == segment) {
                    sums[0]++;
                    sums[1] += length(at);
                    removeAt(at); // may have moved another entry here: look again
                } else {
                    at += SLOT;
                }
            }
        } finally {
            lock.unlockWrite(stamp);
        }
    }

    long size() {
        long stamp = lock.readLock();
        try {
            return size;
        } finally {
            lock.unlockRead(stamp);
        }
    }

    long memoryBytes() {
        long stamp = lock.readLock();
        try {
            return (long) table.length * Long.BYTES;
        } finally {
            lock.unlockRead(stamp);
        }
    }

    /**
     * The time only grows: of two lookups of a prefix that race, the later one must not be undone in a part of it. Under a
     * shared lock the slot does not move, but others touch it too.
     */
    private void touch(int at, int seconds, int graceSeconds) {
        while (true) {
            long before = table[at + 3];
            int last = (int) before;
            int now = seconds - last > graceSeconds ? seconds : last;
            long after = pack((int) (before >>> 32) | USED, now);
            if (after == before || ELEMENT.compareAndSet(table, at + 3, before, after)) {
                return;
            }
        }
    }

    /** The slot of the digest, or the empty one where it belongs. There always is an empty one. */
    private int find(long high, long low) {
        int at = home(low);
        while (table[at + 2] != 0 && (table[at] != high || table[at + 1] != low)) {
            at = next(at);
        }
        return at;
    }

    /** Empties a slot and closes the gap, so that no search stops too early (Knuth, volume 3, 6.4, algorithm R). */
    private void removeAt(int gap) {
        size--;
        for (int at = next(gap); table[at + 2] != 0; at = next(at)) {
            int home = home(table[at + 1]);
            boolean reachable = gap <= at ? gap < home && home <= at : gap < home || home <= at;
            if (!reachable) {
                System.arraycopy(table, at, table, gap, SLOT);
                gap = at;
            }
        }
        table[gap + 2] = 0;
    }

    private void grow() {
        long[] old = table;
        table = new long[Math.multiplyExact(old.length / SLOT * 3 / 2, SLOT)];
        for (int at = 0; at < old.length; at += SLOT) {
            if (old[at + 2] != 0) {
                System.arraycopy(old, at, table, find(old[at], old[at + 1]), SLOT);
            }
        }
    }

    /** The digest is random already: its lower half, scaled to the table, is the hash. */
    private int home(long low) {
        return (int) (((low >>> 32) * capacity()) >>> 32) * SLOT;
    }

    private int next(int at) {
        int next = at + SLOT;
        return next == table.length ? 0 : next;
    }

    private long capacity() {
        return table.length / SLOT;
    }

    private Slot slot(int at) {
        return new Slot(segment(at), (int) table[at + 2], length(at));
    }

    private int segment(int at) {
        return (int) (table[at + 2] >>> 32);
    }

    private int length(int at) {
        return (int) (table[at + 3] >>> 32) & ~USED;
    }

    private static long pack(int high, int low) {
        return ((long) high << 32) | Integer.toUnsignedLong(low);
    }
}
