package kvstore.store;

import java.util.Collections;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import kvstore.api.KeyDigest;
import org.jspecify.annotations.Nullable;

/**
 * Where every visible chunk lies, by the digest of its key. Thread-safe.
 *
 * <p>Kept small, because a node may hold ten million chunks: a table of primitive slots, cut into stripes so that lookups
 * rarely meet, see {@link IndexStripe}. It holds no keys; whoever reads a record compares the full key there. Beside it are
 * the {@link Ghosts} of what it does not hold any more.
 */
final class ChunkIndex {
    private static final int STRIPE_BITS = 6;

    /** More are not remembered; a client could make up any number. */
    private static final int NAMESPACES_MAX = 1000;

    /**
     * Where a chunk lies.
     *
     * @param segment identity of the segment
     * @param block of the record header
     * @param length of the payload, in bytes
     */
    record Slot(int segment, int block, int length) {}

    /**
     * The last use of a chunk.
     *
     * @param seconds time of day; when it was written, if it was not used since
     * @param read whether it was used since it was written here
     */
    record Use(int seconds, boolean read) {}

    private final IndexStripe[] stripes = new IndexStripe[1 << STRIPE_BITS];
    private final LongAdder payloadBytes = new LongAdder();
    private final Set<String> namespaces = ConcurrentHashMap.newKeySet();
    private final Ghosts ghosts;

    ChunkIndex() {
        this(0);
    }

    /** @param ghostsMax as for {@link Ghosts} */
    ChunkIndex(int ghostsMax) {
        ghosts = new Ghosts(ghostsMax);
        for (int i = 0; i < stripes.length; i++) {
            stripes[i] = new IndexStripe();
        }
    }

    /** Finds a chunk and remembers that it was wanted at {@code seconds}. */
    @Nullable
    Slot get(KeyDigest digest, int seconds) {
        return stripe(digest.high()).get(digest.high(), digest.low(), seconds);
    }

    /**
     * Finds a chunk that is not too long unused, and remembers that it was wanted.
     *
     * @param seconds time of this use; 0 for a look that is none
     * @param graceSeconds a use so soon after the last does not change its time
     * @param notBefore what was used last before this second is not found
     */
    @Nullable
    Slot get(KeyDigest digest, int seconds, int graceSeconds, int notBefore) {
        return stripe(digest.high()).get(digest.high(), digest.low(), seconds, graceSeconds, notBefore);
    }

    /** The last use of the chunk of this place; null if the place is not a visible chunk's of this digest. */
    @Nullable
    Use use(KeyDigest digest, int segment, int block) {
        return stripe(digest.high()).use(digest.high(), digest.low(), segment, block);
    }

    /** Shows the times of all chunks: slow, a walk over the whole table. */
    void showUses(LastUses uses) {
        for (IndexStripe stripe : stripes) {
            stripe.showUses(uses);
        }
    }

    /** Shows all chunks: as slow as {@link #showUses}. */
    void show(SegmentTally tally) {
        for (IndexStripe stripe : stripes) {
            stripe.show(tally);
        }
    }

    /** Finds a chunk for a look that is no use. */
    @Nullable
    Slot peek(KeyDigest digest) {
        return stripe(digest.high()).get(digest.high(), digest.low(), 0);
    }

    /** When a chunk was last wanted, in seconds since 1970; 0 if there is none. */
    int usedSeconds(KeyDigest digest) {
        return stripe(digest.high()).usedSeconds(digest.high(), digest.low());
    }

    /** Whoever makes a key leave the index says here why. */
    Ghosts ghosts() {
        return ghosts;
    }

    /** A namespace that keys were seen in. */
    void seen(String namespace) {
        if (namespaces.size() < NAMESPACES_MAX) {
            namespaces.add(namespace);
        }
    }

    /** Those seen: of every put since the start, and of one chunk of each segment that was found at start. */
    Set<String> namespaces() {
        return Collections.unmodifiableSet(namespaces);
    }

    /** Enters a chunk in place of any other of this digest; returns what was there. */
    @Nullable
    Slot put(KeyDigest digest, Slot slot, int seconds) {
        Slot before = stripe(digest.high()).put(digest.high(), digest.low(), slot, seconds);
        payloadBytes.add(slot.length - (before == null ? 0L : before.length));
        return before;
    }

    /**
     * Enters a chunk found at start, when segments are read newest first: it counts unless one of this digest is known
     * from a newer segment, or from farther behind in the same.
     */
    void recover(long high, long low, int segment, int block, int length, int seconds) {
        payloadBytes.add(stripe(high).recover(high, low, segment, block, length, seconds));
    }

    /** Forgets a digest; returns what was there. */
    @Nullable
    Slot remove(KeyDigest digest) {
        return removed(stripe(digest.high()).remove(digest.high(), digest.low(), 0, 0));
    }

    /** Forgets a digest if it is the chunk of this place; returns what was there, null if nothing or another. */
    @Nullable
    Slot remove(long high, long low, int segment, int block) {
        return removed(stripe(high).remove(high, low, segment, block));
    }

    /**
     * Forgets all chunks of a segment by looking at every slot: slow, for segments whose own list cannot be read.
     *
     * @return number of chunks, and their payload in bytes
     */
    long[] removeAll(int segment) {
        long[] sums = new long[2];
        for (IndexStripe stripe : stripes) {
            stripe.removeAll(segment, sums);
        }
        payloadBytes.add(-sums[1]);
        return sums;
    }

    long size() {
        long size = 0;
        for (IndexStripe stripe : stripes) {
            size += stripe.size();
        }
        return size;
    }

    long payloadBytes() {
        return payloadBytes.sum();
    }

    /** Memory of the table off the heap, in bytes. */
    long memoryBytes() {
        long bytes = 0;
        for (IndexStripe stripe : stripes) {
            bytes += stripe.memoryBytes();
        }
        return bytes;
    }

    /** Forgets everything and gives the memory back. What comes later finds nothing. */
    void clear() {
        for (IndexStripe stripe : stripes) {
            stripe.clear();
        }
        payloadBytes.reset();
    }

    private @Nullable Slot removed(@Nullable Slot slot) {
        if (slot != null) {
            payloadBytes.add(-slot.length);
        }
        return slot;
    }

    private IndexStripe stripe(long high) {
        return stripes[(int) (high >>> (Long.SIZE - STRIPE_BITS))];
    }
}
