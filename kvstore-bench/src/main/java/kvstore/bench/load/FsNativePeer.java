package kvstore.bench.load;

import java.nio.file.Path;
import java.util.Optional;
import kvstore.bench.LmcacheAdapter;
import kvstore.bench.Workspace;

/**
 * LMCache's own backend for file systems, in C++ and inside the engine's process: the peer to beat.
 *
 * @param directory where its files are made
 */
record FsNativePeer(Lmcache lmcache, Path directory) implements Peer {
    /** As many as the daemon has for reads. */
    private static final int THREADS = 8;

    @Override
    public String name() {
        return "fs_native";
    }

    @Override
    public Optional<String> missing() {
        return lmcache.missing();
    }

    @Override
    public Sample measure(LoadPlan plan, long chunkBytes) {
        Path files = directory.resolve("fs-native");
        try {
            Workspace.make(files);
            return lmcache.measure(LmcacheAdapter.fsNative(files, THREADS), plan, chunkBytes);
        } finally {
            Workspace.remove(files);
        }
    }
}
