package kvstore.client.cli;

import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.ToLongFunction;
import java.util.stream.Collectors;
import kvstore.v1.DirectoryStat;
import kvstore.v1.HistoryStep;
import kvstore.v1.ReasonCount;
import kvstore.v1.StatResponse;
import org.jspecify.annotations.Nullable;

/** What {@code kvstore top} shows, as lines of at most {@link #COLUMNS} columns. */
final class TopScreen {
    static final int COLUMNS = 100;

    private static final int NOW_STEPS = 3;
    private static final int MINUTE_MILLIS = 60_000;
    private static final int REASONS_MAX = 5;

    private TopScreen() {}

    /** @param steps oldest first */
    static String of(StatResponse stat, List<HistoryStep> steps) {
        List<HistoryStep> now = steps.subList(Math.max(0, steps.size() - NOW_STEPS), steps.size());
        long end = steps.isEmpty() ? 0 : steps.getLast().getEndMillis();
        List<HistoryStep> minute = steps.stream()
                .filter(step -> step.getEndMillis() > end - MINUTE_MILLIS)
                .toList();
        StringBuilder screen = new StringBuilder();
        screen.append("kvstore %s  %s  %s  up %s%n%n"
                .formatted(stat.getServerVersion(), clean(stat.getNode()), state(stat), up(stat.getUptimeMillis())));
        screen.append(flow(now, minute, steps)).append('\n');
        screen.append(latency(minute)).append('\n');
        screen.append(new Table()
                .add("hit ratio", hitRatio(steps))
                .add("misses", reasons(steps, HistoryStep::getMissesList))
                .add("refused puts", reasons(steps, HistoryStep::getRefusalsList))
                .add("disk", bar(stat.getUsedBytes(), stat.getCapacityBytes()) + "  " + stat.getCapacityState())
                .add("memory", bar(stat.getMemoryUsedBytes(), stat.getMemoryBytes()))
                .add(
                        "chunks",
                        "%d (%s) in %d segments"
                                .formatted(stat.getChunks(), Words.size(stat.getChunkBytes()), stat.getSegments()))
                .add(
                        "I/O path",
                        "%s; %s outstanding, %d overdue"
                                .formatted(
                                        stat.getIoPath(),
                                        Words.size(stat.getDiskOutstandingBytes()),
                                        stat.getDiskOverdue())));
        stat.getDirectoriesList().stream()
                .filter(each -> !each.getAwayReason().isEmpty())
                .map(TopScreen::away)
                .forEach(screen::append);
        screen.append('\n');
        stat.getAlertsList()
                .forEach(alert -> screen.append("%s: %s%n".formatted(alert.getSeverity(), clean(alert.getWhat()))));
        return screen.toString()
                .lines()
                .map(line -> line.substring(0, Math.min(line.length(), COLUMNS)))
                .collect(Collectors.joining("\n", "", "\n"));
    }

    private static String flow(List<HistoryStep> now, List<HistoryStep> minute, List<HistoryStep> all) {
        Table table = new Table().add("", "NOW", "1 MIN", "15 MIN", "CHUNKS/S NOW");
        table.add(row("loaded", now, minute, all, HistoryStep::getGetBytes, HistoryStep::getGetHits));
        table.add(row("stored", now, minute, all, HistoryStep::getPutBytes, HistoryStep::getPutStored));
        table.add(row("disk read", now, minute, all, HistoryStep::getDiskReadBytes, null));
        table.add(row("disk written", now, minute, all, HistoryStep::getDiskWriteBytes, null));
        table.add(row("evicted", now, minute, all, HistoryStep::getEvictedBytes, null));
        return table.toString();
    }

    private static Object[] row(
            String name,
            List<HistoryStep> now,
            List<HistoryStep> minute,
            List<HistoryStep> all,
            ToLongFunction<HistoryStep> bytes,
            @Nullable ToLongFunction<HistoryStep> chunks) {
        return new Object[] {
            name,
            Words.size((long) perSecond(now, bytes)) + "/s",
            Words.size((long) perSecond(minute, bytes)) + "/s",
            Words.size((long) perSecond(all, bytes)) + "/s",
            chunks == null ? "" : "%.0f".formatted(perSecond(now, chunks))
        };
    }

    private static double perSecond(List<HistoryStep> steps, ToLongFunction<HistoryStep> figure) {
        long millis = sum(steps, HistoryStep::getMillis);
        return millis == 0 ? 0 : 1000.0 * sum(steps, figure) / millis;
    }

    private static long sum(List<HistoryStep> steps, ToLongFunction<HistoryStep> figure) {
        return steps.stream().mapToLong(figure).sum();
    }

    private static String latency(List<HistoryStep> minute) {
        return new Table()
                .add("LATENCY, 1 MIN", "MEDIAN", "P99, WORST 2 S")
                .add(
                        "load of a chunk",
                        median(minute, HistoryStep::getGetMedianMicros),
                        worst(minute, HistoryStep::getGetP99Micros))
                .add(
                        "store of a chunk",
                        median(minute, HistoryStep::getPutMedianMicros),
                        worst(minute, HistoryStep::getPutP99Micros))
                .add(
                        "lookup",
                        median(minute, HistoryStep::getLookupMedianMicros),
                        worst(minute, HistoryStep::getLookupP99Micros))
                .toString();
    }

    /** The median of the steps' medians. */
    private static String median(List<HistoryStep> steps, ToLongFunction<HistoryStep> micros) {
        long[] sorted = steps.stream()
                .mapToLong(micros)
                .filter(each -> each > 0)
                .sorted()
                .toArray();
        return sorted.length == 0 ? "-" : time(sorted[sorted.length / 2]);
    }

    private static String worst(List<HistoryStep> steps, ToLongFunction<HistoryStep> micros) {
        long most = steps.stream().mapToLong(micros).max().orElse(0);
        return most == 0 ? "-" : time(most);
    }

    private static String time(long micros) {
        if (micros < 1000) {
            return micros + " us";
        }
        return micros < 1_000_000 ? "%.1f ms".formatted(micros / 1e3) : "%.1f s".formatted(micros / 1e6);
    }

    private static String hitRatio(List<HistoryStep> steps) {
        long hits = sum(steps, HistoryStep::getGetHits);
        long all = hits + sum(steps, HistoryStep::getGetMisses);
        return all == 0 ? "no gets in 15 min" : "%.1f %% of %d gets in 15 min".formatted(100.0 * hits / all, all);
    }

    private static String reasons(List<HistoryStep> steps, Function<HistoryStep, List<ReasonCount>> each) {
        Map<String, Long> sums = new TreeMap<>();
        steps.forEach(
                step -> each.apply(step).forEach(count -> sums.merge(count.getReason(), count.getCount(), Long::sum)));
        String text = sums.entrySet().stream()
                .sorted(Comparator.comparingLong(entry -> -entry.getValue()))
                .limit(REASONS_MAX)
                .map(entry -> entry.getValue() + " " + clean(entry.getKey()))
                .collect(Collectors.joining(", "));
        return text.isEmpty() ? "none" : text;
    }

    private static String bar(long used, long whole) {
        int width = 30;
        int full = whole == 0 ? 0 : (int) Math.min(width, Math.round((double) width * used / whole));
        return "[%s%s] %s of %s"
                .formatted("#".repeat(full), ".".repeat(width - full), Words.size(used), Words.size(whole));
    }

    private static String state(StatResponse stat) {
        if (stat.getDrainingSinceMillis() != 0) {
            return "draining";
        }
        return stat.getReady() ? "ready" : "not ready";
    }

    private static String up(long millis) {
        Duration up = Duration.ofMillis(millis);
        return "%d d %02d:%02d:%02d".formatted(up.toDays(), up.toHoursPart(), up.toMinutesPart(), up.toSecondsPart());
    }

    private static String away(DirectoryStat directory) {
        return "%s: set aside (%s)%n".formatted(clean(directory.getPath()), clean(directory.getAwayReason()));
    }

    /** What a daemon says must not lead a terminal. */
    private static String clean(String text) {
        return text.replaceAll("\\p{Cntrl}", "?");
    }
}
