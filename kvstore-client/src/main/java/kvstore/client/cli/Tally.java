package kvstore.client.cli;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import kvstore.client.lmcache.SkipReason;
import kvstore.client.lmcache.UnusableException;

/** What became of files or keys: counts, bytes, and for what was skipped the reason with a few examples. Thread-safe. */
final class Tally {
    private static final int EXAMPLES = 5;

    /** A count and its bytes. */
    record Sum(long count, long bytes) {
        static final Sum ZERO = new Sum(0, 0);

        Sum plus(Sum more) {
            return new Sum(count + more.count, bytes + more.bytes);
        }

        Map<String, Object> json() {
            return Json.object("chunks", count, "bytes", bytes);
        }

        @Override
        public String toString() {
            return "%d chunks (%s)".formatted(count, Words.size(bytes));
        }
    }

    private record Skip(String what, String why) {}

    private static final class Skips {
        private final List<Skip> examples = new ArrayList<>();
        private long count;
    }

    private final String moved;
    private final Map<SkipReason, Skips> skips = new EnumMap<>(SkipReason.class);
    private final Map<String, Sum> models = new TreeMap<>();
    private Sum done = Sum.ZERO;
    private Sum there = Sum.ZERO;
    private Sum verified = Sum.ZERO;

    /**
     * @param moved what happens to those that are neither there already nor skipped, such as "imported"
     */
    Tally(String moved) {
        this.moved = moved;
    }

    synchronized void moved(String group, long bytes) {
        done = done.plus(new Sum(1, bytes));
        models.merge(group, new Sum(1, bytes), Sum::plus);
    }

    synchronized void there(long bytes) {
        there = there.plus(new Sum(1, bytes));
    }

    synchronized void verified(long bytes) {
        verified = verified.plus(new Sum(1, bytes));
    }

    synchronized void skipped(Object what, UnusableException why) {
        Skips of = skips.computeIfAbsent(why.reason(), _ -> new Skips());
        of.count++;
        if (of.examples.size() < EXAMPLES) {
            of.examples.add(new Skip(printable(String.valueOf(what)), printable(String.valueOf(why.getMessage()))));
        }
    }

    synchronized ExitCode exitCode() {
        if (skips.containsKey(SkipReason.DIFFERENT)) {
            return ExitCode.WRONG_DATA;
        }
        return skips.isEmpty() ? ExitCode.OK : ExitCode.NO;
    }

    /** All of it on several lines. */
    synchronized String text(double seconds) {
        StringBuilder text = new StringBuilder();
        Table sums = new Table().add(moved, done).add("already there", there);
        if (verified.count() > 0) {
            sums.add("verified", verified);
        }
        text.append(sums.add("skipped", skipped()));
        if (models.size() > 0) {
            Table table = new Table();
            models.forEach((model, sum) -> table.add("  " + printable(model), sum));
            text.append(moved).append(" by model:\n").append(table);
        }
        skips.forEach((reason, of) -> {
            text.append("skipped %d: %s%n".formatted(of.count, reason.meaning()));
            of.examples.forEach(skip -> text.append("  %s (%s)%n".formatted(skip.what(), skip.why())));
            if (of.count > of.examples.size()) {
                text.append("  ... and %d more%n".formatted(of.count - of.examples.size()));
            }
        });
        if (done.bytes() > 0 && seconds > 0) {
            text.append("%s in %.1f s: %.2f GB/s%n"
                    .formatted(Words.size(done.bytes()), seconds, done.bytes() / seconds / 1e9));
        }
        return text.toString();
    }

    synchronized Map<String, Object> json(double seconds) {
        List<Object> reasons = new ArrayList<>();
        skips.forEach((reason, of) -> reasons.add(Json.object(
                "reason",
                reason.name().toLowerCase(Locale.ROOT),
                "count",
                of.count,
                "examples",
                of.examples.stream()
                        .map(skip -> Json.object("what", skip.what(), "why", skip.why()))
                        .toList())));
        Map<String, Object> byModel = new TreeMap<>();
        models.forEach((model, sum) -> byModel.put(model, sum.json()));
        return Json.object(
                moved.replace(' ', '_'),
                done.json(),
                "already_there",
                there.json(),
                "verified",
                verified.json(),
                "skipped",
                skipped(),
                "skips",
                reasons,
                "models",
                byModel,
                "seconds",
                seconds);
    }

    private long skipped() {
        return skips.values().stream().mapToLong(of -> of.count).sum();
    }

    // names of files are anybody's: they must not speak to the terminal
    private static String printable(String text) {
        StringBuilder safe = new StringBuilder();
        text.codePoints().forEach(c -> safe.appendCodePoint(Character.isISOControl(c) ? '?' : c));
        return safe.toString();
    }
}
