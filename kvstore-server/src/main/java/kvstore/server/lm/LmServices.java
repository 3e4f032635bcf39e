package kvstore.server.lm;

import java.util.Optional;
import kvstore.server.identity.Access;
import kvstore.server.identity.Caller;
import kvstore.server.identity.Grant;
import kvstore.server.identity.Tenant;
import kvstore.server.metrics.LmMeters;
import kvstore.server.transfer.Transfers;

/**
 * What the connections of the door share.
 *
 * @param leaseMillis how long EXIST protects what it found; 0 for not at all
 */
record LmServices(Access access, Transfers transfers, LmMeters meters, long leaseMillis) {
    /** Whose keys those of this door's clients are, who cannot say who they are. */
    Optional<Tenant> tenant() {
        return access.tenants().of(Caller.ANONYMOUS).map(Grant::tenant);
    }

    long stallNanos() {
        return transfers.stallTimeout().toNanos();
    }
}
