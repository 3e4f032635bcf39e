package kvstore.store;

/**
 * What deletes hide, for as long as a start reads segments: the highest {@link Hide#below()} of each digest. There may be
 * as many as there are chunks, so it is a table off the heap as {@link IndexStripe} is: 36 to 54 bytes each, three longs a
 * slot. A sequence of 0 marks an empty slot. Not thread-safe.
 */
final class HiddenKeys {
    private static final int SLOT = 3;
    private static final int SLOTS_MIN = 64;

    private LongTable table = new LongTable(SLOTS_MIN * SLOT);
    private long size;

    /** Remembers that records of the digest with a lower sequence are hidden. */
    void add(long high, long low, long below) {
        if (below <= 0) {
            return; // no record has such a sequence
        }
        long at = find(high, low);
        if (table.get(at + 2) == 0) {
            if ((size + 1) * 3 > capacity() * 2) {
                grow();
                at = find(high, low);
            }
            size++;
            table.set(at, high);
            table.set(at + 1, low);
        }
        table.set(at + 2, Math.max(table.get(at + 2), below));
    }

    /** Whether a record of this digest and sequence is hidden. */
    boolean hides(long high, long low, long sequence) {
        return size > 0 && sequence < table.get(find(high, low) + 2);
    }

    /** Forgets everything and gives the memory back. */
    void clear() {
        LongTable old = table;
        table = new LongTable(SLOTS_MIN * SLOT);
        size = 0;
        old.free();
    }

    private long find(long high, long low) {
        long at = (((low >>> 32) * capacity()) >>> 32) * SLOT;
        while (table.get(at + 2) != 0 && (table.get(at) != high || table.get(at + 1) != low)) {
            at += SLOT;
            if (at == table.longs()) {
                at = 0;
            }
        }
        return at;
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

    private long capacity() {
        return table.longs() / SLOT;
    }
}
