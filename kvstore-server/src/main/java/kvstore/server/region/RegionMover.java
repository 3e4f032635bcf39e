package kvstore.server.region;

import java.util.Optional;
import kvstore.server.transfer.PutOutcome;
import kvstore.server.transfer.Transfers;
import kvstore.v1.MissReason;

/** Moves chunks between the store and regions: one method for each direction, both block. */
public final class RegionMover {
    private final Transfers transfers;
    private final RegionThreads threads;

    public RegionMover(Transfers transfers, RegionThreads threads) {
        this.transfers = transfers;
        this.threads = threads;
    }

    /**
     * Stores the item, unless it is there.
     *
     * @param clientId who puts; empty is nobody
     */
    public PutOutcome store(RegisteredRegion region, RegionItem item, String clientId) throws InterruptedException {
        return new RegionPut(transfers, threads, region, item, clientId).store();
    }

    /**
     * Loads the item.
     *
     * @param deadlineNanos when the caller stops waiting, by {@link System#nanoTime}; empty if it never does
     * @return why it is a miss, unspecified for a hit
     */
    public MissReason load(RegisteredRegion region, RegionItem item, Optional<Long> deadlineNanos)
            throws InterruptedException {
        return new RegionGet(transfers, threads, region, item, deadlineNanos).load();
    }
}
