package kvstore.gds;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import kvstore.gds.Availability.Available;
import kvstore.gds.Availability.Unavailable;

/**
 * Counts which way libcufile's requests went: by its own statistics, which belong to this process and name each way, or, in
 * releases before 1.15, by those of the kernel module, which belong to the machine and know only its own.
 */
final class PathCounters {
    private static final Path NVIDIA_FS = Path.of("/proc/driver/nvidia-fs/stats");
    private static final Pattern NVIDIA_FS_REQUESTS = Pattern.compile("(?m)^(Reads|Writes)\\s*:\\s*n=(\\d+)");

    /**
     * Requests since some start.
     *
     * @param direct past host memory
     * @param throughHost through host memory
     */
    record Requests(long direct, long throughHost) {
        Requests since(Requests before) {
            return new Requests(direct - before.direct, throughHost - before.throughHost);
        }
    }

    private PathCounters() {}

    /** What has been counted, or why nothing counts. */
    static Availability<Requests> read(CuFile cuFile) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment statistics = arena.allocate(CuFileLayouts.STATISTICS_ROOM_BYTES, Long.BYTES);
            CuFileStatus status = cuFile.call(CuFileFunction.GET_STATS_L3, statistics);
            if (status.isSuccess()) {
                return new Available<>(sum(statistics));
            }
            try {
                return new Available<>(parse(Files.readString(NVIDIA_FS)));
            } catch (IOException _) {
                return new Unavailable<>("libcufile has no statistics (" + status.describe(cuFile.version())
                        + ") and there is no " + NVIDIA_FS);
            }
        }
    }

    /** From the text of nvidia-fs. */
    static Requests parse(String text) {
        long direct = 0;
        Matcher matcher = NVIDIA_FS_REQUESTS.matcher(text);
        while (matcher.find()) {
            direct += Long.parseLong(matcher.group(2));
        }
        return new Requests(direct, 0);
    }

    private static Requests sum(MemorySegment statistics) {
        long direct = 0;
        long throughHost = 0;
        int gpus = statistics.get(JAVA_INT, CuFile.offsetOf(CuFileLayouts.STATISTICS, "num_gpus"));
        for (int gpu = 0; gpu < Math.min(gpus, 16); gpu++) {
            direct += counter(statistics, gpu, "n_p2p_reads")
                    + counter(statistics, gpu, "n_nvfs_reads")
                    + counter(statistics, gpu, "n_p2p_writes")
                    + counter(statistics, gpu, "n_nvfs_writes");
            throughHost += counter(statistics, gpu, "n_posix_reads") + counter(statistics, gpu, "n_posix_writes");
        }
        return new Requests(direct, throughHost);
    }

    private static long counter(MemorySegment statistics, int gpu, String field) {
        long offset = CuFileLayouts.STATISTICS.byteOffset(
                PathElement.groupElement("per_gpu_stats"),
                PathElement.sequenceElement(gpu),
                PathElement.groupElement(field));
        return statistics.get(JAVA_LONG, offset);
    }
}
