package kvstore.bench.load;

import java.util.Optional;
import kvstore.bench.LmcacheAdapter;

/**
 * This project as an LMCache sees it that has nothing of this project installed: LMCache's own {@code resp} adapter.
 *
 * @param port of the daemon's RESP door
 */
record RespPeer(Lmcache lmcache, BenchDaemon daemon, int port) implements Peer {
    /** Connections, each with a thread; LMCache's default. */
    static final int WORKERS = 8;

    @Override
    public String name() {
        return "resp";
    }

    @Override
    public Optional<String> missing() {
        return lmcache.missing();
    }

    @Override
    public Sample measure(LoadPlan plan, long chunkBytes) {
        try {
            return lmcache.measure(LmcacheAdapter.resp(ServerProcess.HOST, port, WORKERS), plan, chunkBytes);
        } finally {
            daemon.forgetAll();
        }
    }
}
