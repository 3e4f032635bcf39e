package kvstore.server.monitoring;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class ExpressionsTest {
    @Test
    void selectorsAreMetricsWithTheirLabels() {
        assertThat(
                        Expressions.selectors(
                                "sum by (job, le) (rate(a_total{x=~\"b|c\"}[5m])) / on (job) i:b:rate5m > 3 and max_over_time(c[1d]) == 1"))
                .containsExactly("a_total{x=~\"b|c\"}", "i:b:rate5m", "c");
        assertThat(Expressions.name("a_total{x=\"1\"}")).isEqualTo("a_total");
    }

    @Test
    void comparisonsBecomeValues() {
        assertThat(Expressions.comparisonsAsValues("a{x!=\"1\",y=~\"2\"} >= 0.5 and b == 1"))
                .isEqualTo("a{x!=\"1\",y=~\"2\"} >= bool 0.5 and b == bool 1");
    }
}
