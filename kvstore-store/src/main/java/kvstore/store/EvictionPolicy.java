package kvstore.store;

/**
 * Decides what goes when room is needed.
 *
 * <p>It sees times and marks only: who can go at all (nobody holds it), and how it is done, is the {@link Evictor}'s. Never
 * blocks; thread-safe.
 *
 * <p>Times are those of the index: seconds of the last use, where a lookup counts only for what it found before its first
 * gap. A predecessor in a prefix is therefore never older than what follows it, and a policy that goes by these times
 * takes the tail of a chain before its head.
 */
interface EvictionPolicy {
    /** The word used in logs and tables. */
    String label();

    /** What was used last before this second is a miss; 0 if nothing ever is. */
    default int expiredBefore(int nowSeconds) {
        return 0;
    }

    /**
     * Whether a chunk of a segment that is about to go is worth being written again.
     *
     * @param createdSeconds when the segment was begun
     */
    default boolean rescues(ChunkIndex.Use use, int createdSeconds, int nowSeconds) {
        return false;
    }

    /** What part of the bytes that go may be written again. */
    default double rescuedShare() {
        return 0;
    }

    /**
     * The policy that the configuration names.
     *
     * @param startSeconds when this store was opened: what was used before a restart is not known
     */
    static EvictionPolicy of(EvictionConfig config, int startSeconds) {
        return switch (config.policy()) {
            case OLDEST -> new OldestFirst();
            case REINSERT -> new ReinsertRead(config.reinsertShare());
            case IDLE -> new IdleTimeToLive(config.idleSeconds(), startSeconds);
        };
    }

    /** Segments go in the order in which they were written. */
    record OldestFirst() implements EvictionPolicy {
        @Override
        public String label() {
            return EvictionConfig.Policy.OLDEST.label();
        }
    }

    /**
     * A second chance for what was read since it was written, and lately: not longer ago than half of the time that its
     * segment was kept. What was read only soon after it was written is mostly not read again, and would take the budget
     * from what is.
     */
    record ReinsertRead(double rescuedShare) implements EvictionPolicy {
        @Override
        public String label() {
            return EvictionConfig.Policy.REINSERT.label();
        }

        @Override
        public boolean rescues(ChunkIndex.Use use, int createdSeconds, int nowSeconds) {
            return use.read() && nowSeconds - use.seconds() <= (nowSeconds - createdSeconds) / 2;
        }
    }

    /**
     * What nobody wanted for a time is forgotten.
     *
     * @param idleSeconds 0 for never
     * @param startSeconds counts as a use of everything
     */
    record IdleTimeToLive(int idleSeconds, int startSeconds) implements EvictionPolicy {
        @Override
        public String label() {
            return EvictionConfig.Policy.IDLE.label();
        }

        @Override
        public int expiredBefore(int nowSeconds) {
            int limit = nowSeconds - idleSeconds;
            return idleSeconds == 0 || startSeconds >= limit ? 0 : limit;
        }
    }
}
