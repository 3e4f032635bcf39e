package kvstore.server.lm;

import kvstore.server.metrics.LmMeters;
import kvstore.server.transfer.Transfers;

/**
 * What the connections of the door share.
 *
 * @param leaseMillis how long EXIST protects what it found; 0 for not at all
 */
record LmServices(Transfers transfers, LmMeters meters, long leaseMillis) {
    long stallNanos() {
        return transfers.stallTimeout().toNanos();
    }
}
