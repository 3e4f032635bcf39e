package kvstore.server.resp;

import java.util.Optional;
import kvstore.server.config.RespConfig;
import kvstore.server.identity.Access;
import kvstore.server.identity.Caller;
import kvstore.server.identity.Grant;
import kvstore.server.identity.Tenant;
import kvstore.server.metrics.RespMeters;
import kvstore.server.transfer.Transfers;

/**
 * What the connections of the door share.
 *
 * @param version of this daemon, for HELLO and INFO
 */
record RespServices(
        RespConfig config, Access access, Transfers transfers, RespMeters meters, Expiries expiries, String version) {
    /** Whose keys the client's are; empty if it has to say who it is. */
    Optional<Tenant> tenant(Session session) {
        return session.caller().equals(Caller.ANONYMOUS) && access.users().isPresent()
                ? Optional.empty()
                : access.tenants().of(session.caller()).map(Grant::tenant);
    }

    /** Whether a client may know how much all tenants store. */
    boolean mayCountAll(Tenant tenant) {
        return !access.tenants().strict() || tenant.limits().admin();
    }

    /** How long a client may make no progress, in nanoseconds. */
    long stallNanos() {
        return transfers.stallTimeout().toNanos();
    }
}
