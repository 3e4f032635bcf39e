package kvstore.server.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import kvstore.api.IoFailure;
import kvstore.lustre.PosixEngine;
import kvstore.server.testing.GeneratedPage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class MetricsReferenceTest {
    private static final Pattern TYPE = Pattern.compile("# TYPE (kvstore_\\w+) (\\w+)");
    private static final Pattern SERIES = Pattern.compile("(kvstore_\\w+)(?:\\{(.*)})? .*");
    private static final Pattern LABEL = Pattern.compile("(\\w+)=\"");

    @TempDir
    private Path directory;

    @Test
    void pageIsUpToDate() throws IOException {
        GeneratedPage.assertUpToDate("reference/metrics.md", MetricsReference.page());
    }

    @Test
    void whatIsExposedIsWhatIsDocumented() throws IOException {
        Map<String, String> exposed = new HashMap<>();
        TYPE.matcher(everything()).results().forEach(type -> exposed.put(type.group(1), type.group(2)));
        exposed.keySet().removeIf(name -> name.endsWith("_seconds_max"));

        Map<String, String> documented = new HashMap<>();
        for (Metric metric : Metric.values()) {
            documented.put(metric.prometheusName(), Labels.small(metric.kind()));
        }
        assertThat(exposed).isEqualTo(documented);
    }

    @Test
    void labelsAreTheDocumentedOnes() throws IOException {
        String scrape = everything();
        for (Metric metric : Metric.values()) {
            Set<String> labels = new HashSet<>();
            scrape.lines()
                    .map(SERIES::matcher)
                    .filter(Matcher::matches)
                    .filter(series -> series.group(1).equals(metric.prometheusName())
                            || series.group(1).equals(metric.prometheusName() + "_count"))
                    .forEach(series -> LABEL.matcher(String.valueOf(series.group(2)))
                            .results()
                            .forEach(label -> labels.add(label.group(1))));
            assertThat(labels).as(metric.prometheusName()).containsExactlyInAnyOrderElementsOf(metric.labels());
        }
    }

    @Test
    void unitsStandInNames() {
        for (Metric metric : Metric.values()) {
            String name = metric.prometheusName().replaceAll("_total$", "");
            assertThat(name.endsWith("_total")).isFalse();
            for (String unit : Arrays.asList("seconds", "bytes")) {
                assertThat(name.endsWith("_" + unit))
                        .as(name)
                        .isEqualTo(metric.unit().equals(unit));
            }
            assertThat(metric.prometheusName().endsWith("_total")).isEqualTo(metric.kind() == Metric.Kind.COUNTER);
        }
    }

    @Test
    void everyMetricSaysWhatItIsAndWhatToDo() {
        for (Metric metric : Metric.values()) {
            assertThat(metric.unit()).as(metric.name()).isNotBlank();
            assertThat(metric.meaning()).as(metric.name()).endsWith(".");
            assertThat(metric.advice()).as(metric.name()).endsWith(".");
        }
    }

    private String everything() throws IOException {
        try (DaemonMetrics metrics = new DaemonMetrics();
                PosixEngine engine = BoundMetrics.engine(directory)) {
            BoundMetrics.bindAll(metrics, engine, BoundMetrics::stats);
            metrics.storeListener().ioFailed("seal", new IoFailure(IoFailure.Kind.IO, 5, "EIO"));
            return metrics.scrape();
        }
    }
}
