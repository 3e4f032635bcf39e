package kvstore.bench.load;

import java.util.Optional;
import kvstore.bench.LmcacheAdapter;

/** This project as LMCache sees it: the Python adapter, gRPC, the daemon, the disk. */
record KvStorePeer(Lmcache lmcache, BenchDaemon daemon) implements Peer {
    @Override
    public String name() {
        return "kvstore";
    }

    @Override
    public Optional<String> missing() {
        return lmcache.missing();
    }

    @Override
    public Sample measure(LoadPlan plan, long chunkBytes) {
        try {
            return lmcache.measure(LmcacheAdapter.kvstore(daemon.target().toString()), plan, chunkBytes);
        } finally {
            // LMCache's tool names its keys alike in every run, and what is there already is not written again
            daemon.forgetAll();
        }
    }
}
