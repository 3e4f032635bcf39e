package kvstore.server.prefix;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import kvstore.api.ChunkKey;

/** The keys of all objects of a chunk: what comes before the chunk's hash in each, and what comes behind it in all. */
public final class ObjectKeys {
    private final List<String> heads;
    private final String tail;
    private final Function<ChainHash, String> digits;

    private ObjectKeys(List<String> heads, String tail, Function<ChainHash, String> digits) {
        this.heads = heads;
        this.tail = tail;
        this.digits = digits;
    }

    /** {@code model@kv_rank@group@hash[@salt]}, of {@code lmcache server} and its native connectors. */
    public static ObjectKeys mp(String model, List<Integer> kvRanks, List<Integer> groups, String salt) {
        List<String> heads = new ArrayList<>(kvRanks.size() * groups.size());
        for (int rank : kvRanks) {
            for (int group : groups) {
                heads.add("%s@%08x@%x@".formatted(model, rank, group));
            }
        }
        return new ObjectKeys(heads, salt.isEmpty() ? "" : "@" + salt, ChainHash::paddedHex);
    }

    /** {@code model@world_size@worker_id@hash@dtype[@tags]}, of LMCache inside the engine. */
    public static ObjectKeys inProcess(
            String model, int worldSize, List<Integer> workerIds, String dtype, List<String> tags) {
        List<String> heads = workerIds.stream()
                .map(worker -> model + "@" + worldSize + "@" + worker + "@")
                .toList();
        String tail = "@" + dtype + (tags.isEmpty() ? "" : "@" + String.join("@", tags));
        return new ObjectKeys(heads, tail, ChainHash::pythonHex);
    }

    /** {@code kv_rank} of a worker, as LMCache's lookup expects it: the local figures are the global ones. */
    public static int kvRank(int worldSize, int rank) {
        return worldSize << 24 | rank << 16 | worldSize << 8 | rank;
    }

    /** How many objects a chunk has. */
    public int perChunk() {
        return heads.size();
    }

    /**
     * Adds the keys of one chunk to a list.
     *
     * @param namespace of the keys
     * @throws IllegalArgumentException if they are longer than a key may be
     */
    public void addTo(List<ChunkKey> keys, ChainHash hash, String namespace) {
        String end = digits.apply(hash) + tail;
        for (String head : heads) {
            keys.add(ChunkKey.of(namespace, (head + end).getBytes(StandardCharsets.UTF_8)));
        }
    }
}
