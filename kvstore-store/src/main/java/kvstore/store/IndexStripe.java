package kvstore.store;

import java.util.concurrent.locks.StampedLock;
import kvstore.store.ChunkIndex.Slot;
import org.jspecify.annotations.Nullable;

/**
 * One part of the index: open addressing with linear probing in one array of longs, off the heap. Four longs are a slot:
 * digest high, digest low, segment and block, length and time of last use in seconds. Segment 0 marks an empty slot. Above
 * the length, which is below 2<sup>30</sup>, a bit says that the chunk was used since it was written.
 *
 * <p>The table grows by half when four fifths are used, so that an entry takes 40 to 60 bytes.
 */
final class IndexStripe {
    private static final int SLOT = 4;
    private static final int SLOTS_MIN = 16;
    private static final int USED = 1 << 31;

    private final StampedLock lock = new StampedLock();
    private LongTable table = new LongTable(SLOTS_MIN * SLOT);
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
            long at = find(high, low);
            if (table.get(at + 2) == 0 || (int) table.get(at + 3) < notBefore) {
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
            long at = find(high, low);
            return table.get(at + 2) == pack(segment, block)
                    ? new ChunkIndex.Use((int) table.get(at + 3), table.get(at + 3) < 0)
                    : null;
        } finally {
            lock.unlockRead(stamp);
        }
    }

    void showUses(LastUses uses) {
        long stamp = lock.readLock();
        try {
            for (long at = 0; at < table.longs(); at += SLOT) {
                if (table.get(at + 2) != 0) {
                    uses.see(segment(at), (int) table.get(at + 3));
                }
            }
        } finally {
            lock.unlockRead(stamp);
        }
    }

    void show(SegmentTally tally) {
        long stamp = lock.readLock();
        try {
            for (long at = 0; at < table.longs(); at += SLOT) {
                if (table.get(at + 2) != 0) {
                    tally.see(segment(at), length(at), (int) table.get(at + 3), table.get(at + 3) < 0);
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
            long at = find(high, low);
            return table.get(at + 2) == 0 ? 0 : (int) table.get(at + 3);
        } finally {
            lock.unlockRead(stamp);
        }
    }

    /** Returns what was there before. */
    @Nullable
    Slot put(long high, long low, Slot slot, int seconds) {
        long stamp = lock.writeLock();
        try {
            long at = find(high, low);
            Slot before = table.get(at + 2) == 0 ? null : slot(at);
            if (before == null) {
                insert(at, high, low, pack(slot.segment(), slot.block()), pack(slot.length(), seconds));
            } else {
                table.set(at + 2, pack(slot.segment(), slot.block()));
                table.set(at + 3, pack(slot.length(), seconds));
            }
            return before;
        } finally {
            lock.unlockWrite(stamp);
        }
    }

    /**
     * Enters what a start found, unless something else counts: the entry of a newer segment, which was read before, or
     * one farther behind in the same.
     *
     * @return how many more bytes of payload there are; negative for fewer
     */
    long recover(long high, long low, int segment, int block, int length, int seconds) {
        long stamp = lock.writeLock();
        try {
            long at = find(high, low);
            long place = table.get(at + 2);
            if (place == 0) {
                insert(at, high, low, pack(segment, block), pack(length, seconds));
                return length;
            }
            if (segment(at) != segment || (int) place >= block) {
                return 0;
            }
            long more = (long) length - length(at);
            table.set(at + 2, pack(segment, block));
            table.set(at + 3, pack(length, seconds));
            return more;
        } finally {
            lock.unlockWrite(stamp);
        }
    }

    /** Removes the entry if it is of this place, or, with segment 0, of any; returns what was removed. */
    @Nullable
    Slot remove(long high, long low, int segment, int block) {
        long stamp = lock.writeLock();
        try {
            long at = find(high, low);
            if (table.get(at + 2) == 0 || (segment != 0 && table.get(at + 2) != pack(segment, block))) {
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
            for (long at = 0; at < table.longs(); ) {
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
            return table.bytes();
        } finally {
            lock.unlockRead(stamp);
        }
    }

    /** Forgets everything and gives the memory back. */
    void clear() {
        long stamp = lock.writeLock();
        try {
            LongTable old = table;
            table = new LongTable(SLOTS_MIN * SLOT);
            size = 0;
            old.free();
        } finally {
            lock.unlockWrite(stamp);
        }
    }

    /** Fills an empty slot that {@link #find} gave, or another if the table must grow for it. */
    private void insert(long at, long high, long low, long place, long rest) {
        long free = at;
        if ((size + 1) * 5L > capacity() * 4L) {
            grow();
            free = find(high, low);
        }
        table.set(free, high);
        table.set(free + 1, low);
        table.set(free + 2, place);
        table.set(free + 3, rest);
        size++;
    }

    /**
     * The time only grows: of two lookups of a prefix that race, the later one must not be undone in a part of it. Under a
     * shared lock the slot does not move, but others touch it too.
     */
    private void touch(long at, int seconds, int graceSeconds) {
        while (true) {
            long before = table.get(at + 3);
            int last = (int) before;
            int now = seconds - last > graceSeconds ? seconds : last;
            long after = pack((int) (before >>> 32) | USED, now);
            if (after == before || table.compareAndSet(at + 3, before, after)) {
                return;
            }
        }
    }

    /** The slot of the digest, or the empty one where it belongs. There always is an empty one. */
    private long find(long high, long low) {
        long at = home(low);
        while (table.get(at + 2) != 0 && (table.get(at) != high || table.get(at + 1) != low)) {
            at = next(at);
        }
        return at;
    }

    /** Empties a slot and closes the gap, so that no search stops too early (Knuth, volume 3, 6.4, algorithm R). */
    private void removeAt(long gap) {
        size--;
        for (long at = next(gap); table.get(at + 2) != 0; at = next(at)) {
            long home = home(table.get(at + 1));
            boolean reachable = gap <= at ? gap < home && home <= at : gap < home || home <= at;
            if (!reachable) {
                table.copy(table, at, gap, SLOT);
                gap = at;
            }
        }
        table.set(gap + 2, 0);
    }

    private void grow() {
        LongTable old = table;
        table = new LongTable(Math.multiplyExact(old.longs() / SLOT * 3 / 2, SLOT));
        for (long at = 0; at < old.longs(); at += SLOT) {
            if (old.get(at + 2) != 0) {
                table.copy(old, at, find(old.get(at), old.get(at + 1)), SLOT);
            }
        }
        old.free();
    }

    /** The digest is random already: its lower half, scaled to the table, is the hash. */
    private long home(long low) {
        return (((low >>> 32) * capacity()) >>> 32) * SLOT;
    }

    private long next(long at) {
        long next = at + SLOT;
        return next == table.longs() ? 0 : next;
    }

    private long capacity() {
        return table.longs() / SLOT;
    }

    private Slot slot(long at) {
        return new Slot(segment(at), (int) table.get(at + 2), length(at));
    }

    private int segment(long at) {
        return (int) (table.get(at + 2) >>> 32);
    }

    private int length(long at) {
        return (int) (table.get(at + 3) >>> 32) & ~USED;
    }

    private static long pack(int high, int low) {
        return ((long) high << 32) | Integer.toUnsignedLong(low);
    }
}
