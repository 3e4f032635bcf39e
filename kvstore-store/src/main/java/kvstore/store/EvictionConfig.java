package kvstore.store;

import java.util.Locale;

/**
 * What goes when room is needed, and what may keep it from going.
 *
 * @param policy who decides
 * @param reinsertShare for {@link Policy#REINSERT}: what part of the bytes that eviction frees may be written again
 * @param idleSeconds for {@link Policy#IDLE}: what nobody wanted for longer is a miss; 0 for never
 * @param leasedShareMax what part of the capacity leases may keep from eviction, by whole segments
 */
public record EvictionConfig(Policy policy, double reinsertShare, int idleSeconds, double leasedShareMax) {
    /** Who decides. */
    public enum Policy {
        /** The oldest segment goes. */
        OLDEST,
        /** The oldest segment goes, and what was read of it is written again, as far as the budget reaches. */
        REINSERT,
        /** What nobody wanted for a time goes first, and is a miss from then on; then the oldest. */
        IDLE;

        /** The word used in configuration, logs and tables. */
        public String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** Shorter would not leave a get the time to follow its lookup. */
    public static final int IDLE_SECONDS_MIN = 60;

    /** @throws IllegalArgumentException naming the setting, its value and the rule */
    public EvictionConfig {
        StoreConfig.require(
                reinsertShare >= 0 && reinsertShare <= 0.5, "reinsertShare", reinsertShare, "0 (none) to 0.5");
        StoreConfig.require(
                idleSeconds == 0 || idleSeconds >= IDLE_SECONDS_MIN,
                "idleSeconds",
                idleSeconds,
                "0 for never, or " + IDLE_SECONDS_MIN + " or more");
        StoreConfig.require(
                leasedShareMax > 0 && leasedShareMax <= 1, "leasedShareMax", leasedShareMax, "more than 0, up to 1");
    }

    /** How long a chunk is found that nobody wants, in seconds. */
    int idleSecondsMax() {
        return policy == Policy.IDLE && idleSeconds > 0 ? idleSeconds : Integer.MAX_VALUE;
    }

    /** Oldest first, the simplest; a tenth for reinsertion, ten minutes for idleness, leases on half of all. */
    public static EvictionConfig defaults() {
        return of(Policy.OLDEST);
    }

    /** The same with this policy. */
    public static EvictionConfig of(Policy policy) {
        return new EvictionConfig(policy, 0.1, 600, 0.5);
    }
}
