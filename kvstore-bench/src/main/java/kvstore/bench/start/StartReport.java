package kvstore.bench.start;

import com.google.common.math.Quantiles;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import kvstore.client.cli.Json;
import kvstore.client.cli.Table;

/**
 * Times from the start of the process to the first connection that it takes.
 *
 * @param starts by what was started, in the order to show; none of the lists is empty
 */
record StartReport(Map<String, List<Duration>> starts) {
    private static final double SECOND_NANOS = 1e9;

    StartReport {
        starts = new LinkedHashMap<>(starts);
    }

    /** For people. */
    String text() {
        Table table = new Table().add("START TO READY", "MEDIAN", "FASTEST", "SLOWEST", "STARTS");
        starts.forEach((name, all) -> {
            List<Double> seconds = seconds(all);
            table.add(
                    name,
                    "%.2f s".formatted(median(seconds)),
                    "%.2f s"
                            .formatted(
                                    seconds.stream().mapToDouble(s -> s).min().orElseThrow()),
                    "%.2f s"
                            .formatted(
                                    seconds.stream().mapToDouble(s -> s).max().orElseThrow()),
                    all.size());
        });
        return table.toString();
    }

    /** For {@code --json}. */
    Map<String, Object> json() {
        Map<String, Object> json = new LinkedHashMap<>();
        starts.forEach((name, all) -> {
            List<Double> seconds = seconds(all);
            json.put(name, Json.object("median_seconds", median(seconds), "seconds", seconds));
        });
        return json;
    }

    private static double median(List<Double> seconds) {
        return Quantiles.median().compute(seconds);
    }

    private static List<Double> seconds(List<Duration> all) {
        return all.stream().map(time -> time.toNanos() / SECOND_NANOS).toList();
    }
}
