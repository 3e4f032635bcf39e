package kvstore.server.resp;

import kvstore.server.config.RespConfig;
import kvstore.server.metrics.RespMeters;
import kvstore.server.transfer.Transfers;

/**
 * What the connections of the door share.
 *
 * @param version of this daemon, for HELLO and INFO
 */
record RespServices(RespConfig config, Transfers transfers, RespMeters meters, Expiries expiries, String version) {
    /** How long a client may make no progress, in nanoseconds. */
    long stallNanos() {
        return transfers.stallTimeout().toNanos();
    }
}
