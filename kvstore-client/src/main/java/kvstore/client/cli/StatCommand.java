package kvstore.client.cli;

import com.google.protobuf.ByteString;
import java.io.PrintWriter;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import kvstore.client.KvStoreClient;
import kvstore.v1.DirectoryStat;
import kvstore.v1.StatResponse;
import kvstore.v1.TenantStat;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
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

    @Option(
            names = "--by",
            paramLabel = "WHAT",
            split = ",",
            hideParamSyntax = true,
            description = "Also count the chunks and their bytes by ${COMPLETION-CANDIDATES}, or several with commas"
                    + " between. Lists all keys, which takes seconds for a million.")
    private List<ChunkGroups.By> by = List.of();

    @Override
    public Integer call() {
        StatResponse stat;
        ChunkGroups groups = new ChunkGroups(by);
        try (KvStoreClient client = connection.connectWithoutHello()) {
            stat = client.stat();
            if (!by.isEmpty()) {
                long _ = ChunkPages.show(client, ByteString.EMPTY, Long.MAX_VALUE, (chunk, key) -> {
                    groups.add(chunk, key);
                    return true;
                });
            }
        }
        PrintWriter out = spec.commandLine().getOut();
        if (connection.json()) {
            Map<String, Object> json = Json.of(stat);
            if (!by.isEmpty()) {
                json.put("groups", groups.json());
            }
            out.println(Json.write(json));
        } else {
            out.print(table(stat));
            stat.getAlertsList()
                    .forEach(alert -> out.println("%s: %s %s"
                            .formatted(alert.getSeverity(), alert.getWhat(), alert.getCure())
                            .strip()));
            out.print(by.isEmpty() ? "" : "\n" + groups.table());
        }
        return (stat.getReady() ? ExitCode.OK : ExitCode.UNREACHABLE).code();
    }

    private static Table table(StatResponse stat) {
        Table table = new Table()
                .add("state", state(stat))
                .add("version", stat.getServerVersion())
                .add("node", "%s, start %d".formatted(stat.getNode(), stat.getEpoch()))
                .add("pool", stat.getPool())
                .add("up", uptime(Duration.ofMillis(stat.getUptimeMillis())))
                .add("directory", "%s (%s)".formatted(stat.getDirectory(), stat.getFileSystem()))
                .add("I/O path", "%s (%s)".formatted(stat.getIoPath(), stat.getIoPathReason()));
        if (stat.getFileSystem().equals("lustre")) {
            table.add("layout", "%s (%s)".formatted(stat.getStripeLayout(), stat.getStripeLayoutReason()));
        }
        table.add("GPU path", gpuPath(stat));
        directories(stat, table);
        tenants(stat, table);
        return table.add("disk", portion(stat.getUsedBytes(), stat.getCapacityBytes()))
                .add(
                        "",
                        "%s left on the file system, floor %s"
                                .formatted(
                                        Words.size(stat.getFileSystemAvailableBytes()),
                                        Words.size(stat.getFreeSpaceFloorBytes())))
                .add("capacity", stat.getCapacityState())
                .add("", diskFlow(stat))
                .add("eviction", stat.getEvictionPolicy())
                .add("chunks", "%d (%s)".formatted(stat.getChunks(), Words.size(stat.getChunkBytes())))
                .add("segments", "%d of %s".formatted(stat.getSegments(), Words.size(stat.getSegmentBytes())))
                .add("memory", portion(stat.getMemoryUsedBytes(), stat.getMemoryBytes()))
                .add("scrub", scrub(stat))
                .add("gets", "%d hits, %d misses".formatted(stat.getGetHits(), stat.getGetMisses()))
                .add(
                        "since start",
                        "%d chunks stored, %d evicted, %d corrupt"
                                .formatted(stat.getStoredChunks(), stat.getEvictedChunks(), stat.getCorruptRecords()));
    }

    private static String state(StatResponse stat) {
        if (stat.getDrainingSinceMillis() != 0) {
            return "draining since " + Instant.ofEpochMilli(stat.getDrainingSinceMillis());
        }
        return stat.getReady() ? "ready" : "not ready";
    }

    private static String gpuPath(StatResponse stat) {
        String path = stat.getGpuPath().isEmpty() ? "unavailable" : stat.getGpuPath();
        String why = "%s (%s)".formatted(path, stat.getGpuPathReason());
        return stat.getGpus() == 0
                ? why
                : "%s; %d GPUs, %s of each and as much pinned memory"
                        .formatted(why, stat.getGpus(), Words.size(stat.getGpuMemoryBytes()));
    }

    private static String scrub(StatResponse stat) {
        String now = stat.getScrubRunning()
                ? "%d of %d segments".formatted(stat.getScrubSegmentsDone(), stat.getScrubSegments())
                : "not running";
        String last = stat.getScrubCompletedMillis() == 0
                ? "none complete since start"
                : "last complete " + Instant.ofEpochMilli(stat.getScrubCompletedMillis());
        return "%s, %s, %d bad".formatted(now, last, stat.getScrubBadRecords());
    }

    /** One line each where there are several: with one, the lines on the disk say it. */
    private static void directories(StatResponse stat, Table table) {
        if (stat.getDirectoriesCount() < 2) {
            return;
        }
        for (int i = 0; i < stat.getDirectoriesCount(); i++) {
            DirectoryStat each = stat.getDirectories(i);
            table.add(
                    i == 0 ? "directories" : "",
                    each.getAwayReason().isEmpty()
                            ? "%s: %s, %d segments, %s"
                                    .formatted(
                                            each.getPath(),
                                            portion(each.getUsedBytes(), each.getCapacityBytes()),
                                            each.getSegments(),
                                            each.getCapacityState())
                            : "%s: set aside (%s)".formatted(each.getPath(), each.getAwayReason()));
        }
    }

    /** One line each where there are several. */
    private static void tenants(StatResponse stat, Table table) {
        if (stat.getTenantsCount() < 2) {
            return;
        }
        for (int i = 0; i < stat.getTenantsCount(); i++) {
            TenantStat each = stat.getTenants(i);
            table.add(
                    i == 0 ? "tenants" : "",
                    "%s: %s on disk, %s in flight, %d puts shed, %d gets refused"
                            .formatted(
                                    each.getName(),
                                    limited(each.getUsedBytes(), each.getQuotaBytes()),
                                    limited(each.getInFlightBytes(), each.getInFlightLimitBytes()),
                                    each.getShedPuts(),
                                    each.getRefusedGets()));
        }
    }

    private static String limited(long used, long limit) {
        return limit == 0 ? Words.size(used) : portion(used, limit);
    }

    private static String diskFlow(StatResponse stat) {
        if (!stat.getDiskTrouble().isEmpty()) {
            return stat.getDiskTrouble();
        }
        return "%s outstanding, %d operations overdue, when busy %s/s read and %s/s written"
                .formatted(
                        Words.size(stat.getDiskOutstandingBytes()),
                        stat.getDiskOverdue(),
                        Words.size(stat.getReadBytesPerSecond()),
                        Words.size(stat.getWriteBytesPerSecond()));
    }

    private static String portion(long used, long whole) {
        long percent = whole == 0 ? 0 : Math.round(100.0 * used / whole);
        return "%s of %s (%d %%)".formatted(Words.size(used), Words.size(whole), percent);
    }

    private static String uptime(Duration up) {
        return "%d d %02d:%02d:%02d".formatted(up.toDays(), up.toHoursPart(), up.toMinutesPart(), up.toSecondsPart());
    }
}
