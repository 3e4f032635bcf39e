package kvstore.bench.load;

import com.google.gson.JsonObject;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import kvstore.bench.Executables;
import kvstore.bench.Throughput;
import kvstore.bench.Workspace;
import kvstore.client.cli.Words;

/**
 * fio with O_DIRECT on one file: what the disk gives to a program that does nothing else.
 *
 * @param directory where the file is made
 * @param blockBytes size of one operation; 0 for that of a chunk
 * @param depth operations under way at a time; 0 for that of the plan
 */
record FioPeer(Tool tool, Path directory, long blockBytes, int depth) implements Peer {
    private static final String JOB = "kvstore-bench";

    @Override
    public String name() {
        return blockBytes == 0 ? "fio, same shape" : "fio %s x %d".formatted(Words.size(blockBytes), depth);
    }

    @Override
    public Optional<String> missing() {
        return Executables.find("fio").isPresent()
                ? Optional.empty()
                : Optional.of("fio is not on the PATH; Debian: apt-get install fio");
    }

    @Override
    public Sample measure(LoadPlan plan, long chunkBytes) {
        Path files = directory.resolve("fio");
        try {
            Workspace.make(files);
            return new Sample(run("write", plan, chunkBytes, files), run("read", plan, chunkBytes, files), 0);
        } finally {
            Workspace.remove(files);
        }
    }

    private Throughput run(String direction, LoadPlan plan, long chunkBytes, Path files) {
        Path output = directory.resolve("fio.json");
        long block = blockBytes == 0 ? chunkBytes : Math.min(blockBytes, plan.count() * chunkBytes);
        tool.run(
                List.of(
                        "fio",
                        "--name=" + JOB,
                        "--directory=" + files,
                        "--rw=" + direction,
                        "--direct=1",
                        "--ioengine=libaio",
                        "--bs=" + block,
                        "--iodepth=" + (depth == 0 ? plan.inFlight() : depth),
                        "--size=" + plan.count() * chunkBytes,
                        "--output-format=json",
                        "--output=" + output),
                Map.of());
        return JsonFile.read(output, json -> parse(json, direction));
    }

    /** What fio 3 writes about its only job. */
    static Throughput parse(JsonObject json, String direction) {
        JsonObject result = json.getAsJsonArray("jobs").get(0).getAsJsonObject().getAsJsonObject(direction);
        return new Throughput(
                result.get("io_bytes").getAsLong(),
                Duration.ofMillis(result.get("runtime").getAsLong()));
    }
}
