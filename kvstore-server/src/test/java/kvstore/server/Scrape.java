package kvstore.server;

import java.util.Arrays;
import java.util.List;

/** What {@code /metrics} said at one moment, so that figures that belong together are read together. */
final class Scrape {
    private final List<String> lines;

    private Scrape(List<String> lines) {
        this.lines = lines;
    }

    static Scrape of(DaemonUnderTest daemon) {
        return new Scrape(daemon.http("/metrics").body().lines().toList());
    }

    /**
     * All series of one gauge that have these labels, added up.
     *
     * @param labels such as {@code state="held"}
     */
    double gauge(String name, String... labels) {
        if (lines.stream().noneMatch(line -> isOf(name, line))) {
            throw new AssertionError("there is no metric " + name);
        }
        return sum(name, labels);
    }

    /** The same for a counter, some series of which appear only when they count something. */
    long count(String name, String... labels) {
        return Math.round(sum(name, labels));
    }

    private double sum(String name, String... labels) {
        return lines.stream()
                .filter(line -> isOf(name, line))
                .filter(line -> Arrays.stream(labels).allMatch(line::contains))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                .sum();
    }

    private static boolean isOf(String name, String line) {
        return line.startsWith(name + " ") || line.startsWith(name + "{");
    }
}
