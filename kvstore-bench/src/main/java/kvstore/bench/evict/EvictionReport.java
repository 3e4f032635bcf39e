package kvstore.bench.evict;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import kvstore.client.cli.Json;
import kvstore.client.cli.Table;
import kvstore.client.cli.Words;

/**
 * What eviction costs.
 *
 * @param turns of each mode, as many as there are rounds
 */
record EvictionReport(EvictionPlan plan, Map<Mode, List<Turn>> turns) {
    private static final int PERCENT = 100;

    EvictionReport {
        turns = new TreeMap<>(turns);
    }

    /**
     * What part of its rate reading loses to eviction: the median over the rounds, each compared with the turn without
     * eviction beside it. Negative if it gained.
     */
    double cost(Mode mode) {
        List<Turn> with = all(mode);
        List<Turn> without = all(Mode.ROOM);
        return median(IntStream.range(0, with.size())
                .mapToDouble(i -> 1
                        - with.get(i).read().gigabytesPerSecond()
                                / without.get(i).read().gigabytesPerSecond())
                .toArray());
    }

    /** For people. */
    String text() {
        Table table =
                new Table().add("MODE", "READ GB/s", "WRITTEN GB/s", "COST OF READS", "EVICTED", "MISSED", "SHED");
        for (Mode mode : turns.keySet()) {
            table.add(
                    mode.name().toLowerCase(Locale.ROOT),
                    "%.3f".formatted(median(mode, turn -> turn.read().gigabytesPerSecond())),
                    "%.3f".formatted(median(mode, turn -> turn.written().gigabytesPerSecond())),
                    mode == Mode.ROOM ? "-" : "%.1f %%".formatted(PERCENT * cost(mode)),
                    all(mode).stream().mapToLong(Turn::evictedChunks).sum(),
                    all(mode).stream().mapToInt(Turn::missed).sum(),
                    all(mode).stream().mapToInt(Turn::notStored).sum());
        }
        return "%d chunks of %s read all the time, %s written beside in each turn, median of %d rounds%n%n%s"
                .formatted(
                        plan.hotChunks(),
                        Words.size(plan.chunkBytes()),
                        Words.size(plan.turnBytes()),
                        plan.rounds(),
                        table);
    }

    /** For {@code --json}. */
    Map<String, Object> json() {
        Map<String, Object> modes = new TreeMap<>();
        turns.forEach((mode, all) -> modes.put(
                mode.name().toLowerCase(Locale.ROOT),
                Json.object(
                        "read_gigabytes_per_second",
                        all.stream()
                                .map(turn -> turn.read().gigabytesPerSecond())
                                .toList(),
                        "written_gigabytes_per_second",
                        all.stream()
                                .map(turn -> turn.written().gigabytesPerSecond())
                                .toList(),
                        "cost_of_reads",
                        cost(mode),
                        "evicted_chunks",
                        all.stream().mapToLong(Turn::evictedChunks).sum(),
                        "missed",
                        all.stream().mapToInt(Turn::missed).sum(),
                        "shed",
                        all.stream().mapToInt(Turn::notStored).sum())));
        return modes;
    }

    private double median(Mode mode, ToDoubleFunction<Turn> value) {
        return median(all(mode).stream().mapToDouble(value).toArray());
    }

    private List<Turn> all(Mode mode) {
        return turns.getOrDefault(mode, List.of());
    }

    private static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
