package kvstore.store;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.lang.ref.Cleaner;

/**
 * An array of longs off the heap, zero at first. It takes what it says, while an array of some megabytes on the heap is
 * rounded up to whole regions of the collector, and the daemon's heap needs no room for it. Not thread-safe.
 */
final class LongTable {
    private static final Cleaner CLEANER = Cleaner.create();
    private static final VarHandle ELEMENT = ValueLayout.JAVA_LONG.varHandle();

    private final MemorySegment memory;
    private final long longs;
    private final Cleaner.Cleanable cleanable;

    @SuppressWarnings("MustBeClosedChecker") // by free, or by the cleaner
    LongTable(long longs) {
        Arena arena = Arena.ofShared();
        this.memory = arena.allocate(longs * Long.BYTES, Long.BYTES);
        this.longs = longs;
        this.cleanable = CLEANER.register(this, arena::close);
    }

    /** How many there are. */
    long longs() {
        return longs;
    }

    /** Memory taken, in bytes. */
    long bytes() {
        return longs * Long.BYTES;
    }

    long get(long at) {
        return memory.getAtIndex(ValueLayout.JAVA_LONG, at);
    }

    void set(long at, long value) {
        memory.setAtIndex(ValueLayout.JAVA_LONG, at, value);
    }

    /** Sets an element if it is what is expected, as one step. */
    boolean compareAndSet(long at, long expected, long value) {
        return ELEMENT.compareAndSet(memory, at * Long.BYTES, expected, value);
    }

    /** Copies some of another table, or of this one, into this. */
    void copy(LongTable from, long fromAt, long toAt, int count) {
        for (int i = 0; i < count; i++) {
            set(toAt + i, from.get(fromAt + i));
        }
    }

    /** Gives the memory back now, not when nobody refers to the table any more. It cannot be used afterwards. */
    void free() {
        cleanable.clean();
    }
}
