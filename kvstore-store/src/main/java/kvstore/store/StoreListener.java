package kvstore.store;

import kvstore.api.IoFailure;

/**
 * Is told what the store does, for metrics. Called on the thread that does it and outside every lock; must return at once
 * and not throw.
 */
public interface StoreListener {
    /** Hears nothing. */
    StoreListener NONE = new StoreListener() {};

    /** A put became visible. */
    default void stored(long payloadBytes) {}

    /** A put found its value stored already. */
    default void alreadyStored() {}

    /** A put was refused. */
    default void shed(ShedReason reason) {}

    /** A reservation ended without becoming visible. */
    default void aborted() {}

    /** Chunks were made to be forgotten by {@link ChunkStore#delete}. */
    default void deleted(int chunks) {}

    /**
     * A segment was evicted.
     *
     * @param chunks how many visible chunks went with it
     * @param payloadBytes their payload
     * @param ageMillis since the segment was created
     */
    default void evicted(long segment, long chunks, long payloadBytes, long ageMillis) {}

    /** A segment was evicted because of this. Follows {@link #evicted}. */
    default void madeRoom(EvictionTrigger trigger) {}
    /** As {@link #evicted}, of a segment that went because nobody wanted it for too long. */
    default void expired(long segment, long chunks, long payloadBytes, long ageMillis) {}

    /** A chunk that was read was written again before its segment went. */
    default void reinserted(long payloadBytes) {}

    /** Chunks that were read go with their segment all the same. */
    default void reinsertionRefused(ReinsertionRefusal reason, int chunks) {}

    /** A lookup was answered without the lease that it asked for, because leases hold as many bytes as they may. */
    default void leaseRefused() {}

    /** A record was not what had been put; its key is a miss now. */
    default void corrupt(String reason) {}

    /** A whole segment file was damaged and set aside, or what was left of it is used. */
    default void segmentDamaged(SegmentDamage damage) {}

    /**
     * The file system failed an operation of the store itself.
     *
     * @param operation a word: {@code create}, {@code header}, {@code seal}, {@code tombstone}, {@code index},
     *     {@code delete}, {@code open}, {@code reinsert}, {@code scrub}
     */
    default void ioFailed(String operation, IoFailure failure) {}

    /**
     * A start has read so many segment files, of so many that it found.
     *
     * @param read goes from 0 to {@code files}
     */
    default void recovering(int read, int files) {}

    /** The start is complete. */
    default void recovered(RecoveryReport report) {}
}
