package kvstore.bench.load;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import kvstore.bench.CleanUp;
import kvstore.bench.Executables;
import kvstore.bench.LmcacheAdapter;

/**
 * A real Redis that writes nothing to disk, by the same adapter of LMCache as {@link RespPeer}. Each turn has a new one, so
 * that what it holds in memory is given back.
 *
 * @param directory for its log
 */
record RedisPeer(Lmcache lmcache, Path directory, CleanUp cleanUp) implements Peer {
    private static final String PROGRAM = "redis-server";

    @Override
    public String name() {
        return "redis";
    }

    @Override
    public Optional<String> missing() {
        return Executables.find(PROGRAM).isPresent()
                ? lmcache.missing()
                : Optional.of(PROGRAM + " is not on the PATH; Debian: apt-get install redis-server");
    }

    @Override
    public Sample measure(LoadPlan plan, long chunkBytes) {
        int port = ServerProcess.freePort();
        List<String> command = List.of(
                PROGRAM,
                "--port",
                Integer.toString(port),
                "--bind",
                ServerProcess.HOST,
                "--save",
                "",
                "--appendonly",
                "no",
                "--daemonize",
                "no",
                "--dir",
                directory.toString());
        try (ServerProcess _ = ServerProcess.start(command, port, directory.resolve("redis.log"), cleanUp)) {
            return lmcache.measure(LmcacheAdapter.resp(ServerProcess.HOST, port, RespPeer.WORKERS), plan, chunkBytes);
        }
    }
}
