package kvstore.store;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import kvstore.api.KeyDigest;
import kvstore.store.ChunkIndex.Slot;
import org.jspecify.annotations.Nullable;

/**
 * The puts under way, and the atomic steps in which the index changes.
 *
 * <p>A put draws its sequence before it writes, and becomes visible after. A delete may come in between. Every step on a
 * key therefore happens inside the map's own lock for that key, and compares sequences: what memory says afterwards is
 * what a restart will read from disk. No step does I/O.
 */
final class InFlight {
    /** More than a node can write in its life, so that epoch and counter share one number. */
    private static final int EPOCH_SHIFT = 40;

    /** More starts than a node can have, and still a sequence that is not negative. */
    static final long EPOCH_MAX = Long.MAX_VALUE >>> EPOCH_SHIFT;

    private final ConcurrentHashMap<KeyDigest, InFlightPut> puts = new ConcurrentHashMap<>();
    private final ChunkIndex index;
    private final Segments segments;
    private final AtomicLong sequence;
    private volatile @Nullable Map<KeyDigest, Boolean> deletedMeanwhile;

    /** @param epoch of this start: sequences of an earlier one are all lower, whether they could be read or not */
    InFlight(ChunkIndex index, Segments segments, long epoch) {
        this.index = index;
        this.segments = segments;
        this.sequence = new AtomicLong(epoch << EPOCH_SHIFT);
    }

    /** Sequences from now on are higher than those of an epoch that was not known of. */
    void seen(long epoch) {
        sequence.accumulateAndGet(epoch << EPOCH_SHIFT, Math::max);
    }

    /** Notes deletes from now on, because records are about to be found that memory did not know of. */
    void noteDeletes() {
        deletedMeanwhile = new ConcurrentHashMap<>();
    }

    void noteDeletesNoMore() {
        deletedMeanwhile = null;
    }

    /**
     * Makes a record visible that was found on disk late, unless something newer is known of its key.
     *
     * @param older whether what is visible is older than the record
     */
    void recover(KeyDigest digest, Slot slot, Predicate<Slot> older, int seconds) {
        puts.compute(digest, (same, put) -> {
            Map<KeyDigest, Boolean> deleted = deletedMeanwhile;
            Slot now = index.peek(same);
            if ((deleted == null || !deleted.containsKey(same)) && (now == null || older.test(now))) {
                Slot _ = index.put(same, slot, seconds);
            }
            return put;
        });
    }

    /** Forgets what is visible of a key if it is older than a delete that was found late. */
    void recoverDelete(KeyDigest digest, Predicate<Slot> older) {
        puts.compute(digest, (same, put) -> {
            Slot now = index.peek(same);
            if (now != null && older.test(now)) {
                Slot _ = index.remove(same);
            }
            return put;
        });
    }

    long nextSequence() {
        return sequence.incrementAndGet();
    }

    /** Registers a put; returns the one that is registered for this key already, or null. */
    @Nullable
    InFlightPut begin(InFlightPut put) {
        return puts.putIfAbsent(put.digest, put);
    }

    /**
     * Registers another copy of a visible chunk. It gets its sequence at once: whatever a client does to the key from now
     * on comes later, and a delete before the copy is complete makes it void.
     *
     * @return false if the chunk is not at this place any more, or the key is being put
     */
    boolean beginMove(InFlightPut move, Slot from) {
        return move
                == puts.computeIfAbsent(move.digest, digest -> {
                    if (!from.equals(index.peek(digest))) {
                        return null;
                    }
                    move.sequence = nextSequence();
                    return move;
                });
    }

    @Nullable
    InFlightPut get(KeyDigest digest) {
        return puts.get(digest);
    }

    int size() {
        return puts.size();
    }

    /** Unregisters a put that did not become visible. */
    void end(InFlightPut put) {
        puts.remove(put.digest, put);
    }

    /**
     * Draws the sequence of the record that is about to be written.
     *
     * @return whether an older record of the key may lie on disk
     */
    boolean stamp(InFlightPut put) {
        boolean[] hides = new boolean[1];
        puts.computeIfPresent(put.digest, (digest, same) -> {
            same.sequence = same.moves() ? same.sequence : nextSequence();
            hides[0] = index.peek(digest) != null || segments.mayHaveUnread();
            return same;
        });
        return hides[0];
    }

    /**
     * Makes a written record visible, unless a delete came after its sequence was drawn, and unregisters the put.
     *
     * @return what was visible of the key before; null if nothing, or if it was deleted
     */
    @Nullable
    Slot publish(InFlightPut put, Slot slot, int seconds) {
        Slot[] before = new Slot[1];
        puts.computeIfPresent(put.digest, (digest, same) -> {
            if (!same.deleted) {
                before[0] = index.put(digest, slot, seconds);
            }
            return null;
        });
        return before[0];
    }

    /** What became of a delete: what was visible, and what must be written so that a restart agrees. */
    record Deleted(@Nullable Slot slot, @Nullable Hide hide) {}

    /** Forgets a key. */
    Deleted delete(KeyDigest digest) {
        Deleted[] result = new Deleted[1];
        puts.compute(digest, (same, put) -> {
            Map<KeyDigest, Boolean> noted = deletedMeanwhile;
            if (noted != null) {
                noted.put(same, true);
            }
            boolean overtaken = put != null && put.sequence != 0;
            if (overtaken) {
                put.deleted = true;
            }
            Slot slot = index.remove(same);
            boolean onDisk = slot != null || overtaken || segments.mayHaveUnread();
            result[0] = new Deleted(slot, onDisk ? new Hide(same, nextSequence()) : null);
            return put;
        });
        return result[0];
    }

    /** Forgets one record and leaves a newer one of the key alone. Null if it was not visible any more. */
    @Nullable
    Hide quarantine(KeyDigest digest, int segment, int block) {
        Hide[] hide = new Hide[1];
        puts.compute(digest, (same, put) -> {
            if (index.remove(same.high(), same.low(), segment, block) != null) {
                boolean beingReplaced = put != null && put.sequence != 0;
                hide[0] = new Hide(same, beingReplaced ? put.sequence : nextSequence());
            }
            return put;
        });
        return hide[0];
    }
}
