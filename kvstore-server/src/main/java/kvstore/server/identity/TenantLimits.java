package kvstore.server.identity;

/**
 * What a tenant may.
 *
 * @param quotaBytes of the disk, for all its records; {@link #UNLIMITED} for no limit
 * @param inFlightBytes payload of its transfers that passes through the daemon's memory at one time
 * @param requireCacheSalt whether only keys with a cache salt are stored
 * @param admin whether its callers may ask the Admin service
 */
public record TenantLimits(long quotaBytes, long inFlightBytes, boolean requireCacheSalt, boolean admin) {
    /** In place of a number of bytes. */
    public static final long UNLIMITED = Long.MAX_VALUE;

    static final TenantLimits NONE = new TenantLimits(UNLIMITED, UNLIMITED, false, false);

    TenantLimits asAdmin() {
        return new TenantLimits(quotaBytes, inFlightBytes, requireCacheSalt, true);
    }
}
