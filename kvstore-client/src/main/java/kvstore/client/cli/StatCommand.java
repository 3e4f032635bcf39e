package kvstore.client.cli;

import com.google.protobuf.Descriptors.FieldDescriptor;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import kvstore.client.KvStoreClient;
import kvstore.v1.StatResponse;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

@Command(
        name = "stat",
        description = {"Show the daemon: who it is, how full it is, what it did.", "Exits with 3 while it is not ready."
        })
final class StatCommand implements KvStoreCommand {
    @Spec
    private CommandSpec spec;

    @Mixin
    private ConnectionOptions connection;

    @Override
    public Integer call() {
        StatResponse stat;
        try (KvStoreClient client = connection.connectWithoutHello()) {
            stat = client.stat();
        }
        PrintWriter out = spec.commandLine().getOut();
        if (connection.json()) {
            out.println(Json.write(json(stat)));
        } else {
            out.print(table(stat));
        }
        return (stat.getReady() ? ExitCode.OK : ExitCode.UNREACHABLE).code();
    }

    /** All fields by their names in the contract, also those that are 0. */
    private static Map<String, Object> json(StatResponse stat) {
        Map<String, Object> json = new LinkedHashMap<>();
        for (FieldDescriptor field : StatResponse.getDescriptor().getFields()) {
            json.put(field.getName(), stat.getField(field));
        }
        return json;
    }

    private static Table table(StatResponse stat) {
        Table table = new Table()
                .add("state", stat.getReady() ? "ready" : "not ready")
                .add("version", stat.getServerVersion())
                .add("node", "%s, start %d".formatted(stat.getNode(), stat.getEpoch()))
                .add("pool", stat.getPool())
                .add("up", uptime(Duration.ofMillis(stat.getUptimeMillis())))
                .add("directory", "%s (%s)".formatted(stat.getDirectory(), stat.getFileSystem()))
                .add("I/O path", "%s (%s)".formatted(stat.getIoPath(), stat.getIoPathReason()));
        if (stat.getFileSystem().equals("lustre")) {
            table.add("layout", "%s (%s)".formatted(stat.getStripeLayout(), stat.getStripeLayoutReason()));
        }
        return table.add("GPU path", gpuPath(stat))
                .add("disk", portion(stat.getUsedBytes(), stat.getCapacityBytes()))
                .add("", Words.size(stat.getFileSystemAvailableBytes()) + " left on the file system")
                .add("chunks", "%d (%s)".formatted(stat.getChunks(), Words.size(stat.getChunkBytes())))
                .add("segments", "%d of %s".formatted(stat.getSegments(), Words.size(stat.getSegmentBytes())))
                .add("memory", portion(stat.getMemoryUsedBytes(), stat.getMemoryBytes()))
                .add("gets", "%d hits, %d misses".formatted(stat.getGetHits(), stat.getGetMisses()))
                .add(
                        "since start",
                        "%d chunks stored, %d evicted, %d corrupt"
                                .formatted(stat.getStoredChunks(), stat.getEvictedChunks(), stat.getCorruptRecords()));
    }

    private static String gpuPath(StatResponse stat) {
        String path = stat.getGpuPath().isEmpty() ? "unavailable" : stat.getGpuPath();
        String why = "%s (%s)".formatted(path, stat.getGpuPathReason());
        return stat.getGpus() == 0
                ? why
                : "%s; %d GPUs, %s of each and as much pinned memory"
                        .formatted(why, stat.getGpus(), Words.size(stat.getGpuMemoryBytes()));
    }

    private static String portion(long used, long whole) {
        long percent = whole == 0 ? 0 : Math.round(100.0 * used / whole);
        return "%s of %s (%d %%)".formatted(Words.size(used), Words.size(whole), percent);
    }

    private static String uptime(Duration up) {
        return "%d d %02d:%02d:%02d".formatted(up.toDays(), up.toHoursPart(), up.toMinutesPart(), up.toSecondsPart());
    }
}
