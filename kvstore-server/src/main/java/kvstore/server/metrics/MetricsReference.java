package kvstore.server.metrics;

/** Writes {@code docs/reference/metrics.md}. */
final class MetricsReference {
    private static final String INTRODUCTION = """
            # Metrics

            <!-- Generated from kvstore.server.metrics.Metric. After a change there:
                 mvn -pl kvstore-server -am test -Dtest=MetricsReferenceTest -Dsurefire.failIfNoSpecifiedTests=false \
            -Dkvstore.updateDocs=true -->

            `http://127.0.0.1:7421/metrics` (`admin.listen`) shows them in Prometheus' text format. No label holds a key or \
            anything else that a client chooses, and \
            the column `series` has the most that one daemon shows of a metric; what would be one too many is counted with the \
            label values `beyond_limit`. A histogram has 20 times as many.

            A histogram `x_seconds` is shown as `x_seconds_bucket`, `x_seconds_sum` and `x_seconds_count`, and `x_seconds_max` \
            is the largest value of the last minutes. Java's own metrics stand beside these as `jvm_*`, `process_*` and \
            `system_*`.

            | name | type | unit | labels | series | meaning | what to do |
            |---|---|---|---|---|---|---|
            """;

    private MetricsReference() {}

    /** The page, in Markdown. */
    static String page() {
        StringBuilder out = new StringBuilder(INTRODUCTION);
        for (Metric metric : Metric.values()) {
            out.append("| `%s` | %s | %s | %s | %d | %s | %s |%n"
                    .formatted(
                            metric.prometheusName(),
                            Labels.small(metric.kind()),
                            metric.unit(),
                            String.join(", ", metric.labels()),
                            SeriesLimit.of(metric),
                            metric.meaning(),
                            metric.advice()));
        }
        return out.toString();
    }
}
