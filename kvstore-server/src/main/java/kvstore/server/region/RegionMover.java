package kvstore.server.region;

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

    /** Loads the item; returns why it is a miss, unspecified for a hit. */
    public MissReason load(RegisteredRegion region, RegionItem item) throws InterruptedException {
        return new RegionGet(transfers, threads, region, item).load();
    }
}
