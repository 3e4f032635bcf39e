package kvstore.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import kvstore.server.monitoring.Expressions;
import kvstore.server.monitoring.MonitoringFiles;
import kvstore.server.monitoring.MonitoringFiles.Rule;
import kvstore.server.monitoring.PrometheusProcess;
import kvstore.testkit.Programs;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A real Prometheus scrapes a real daemon that is used through all its doors. No expression of the dashboard or the rules
 * may name a metric, or a label's value, that the daemon does not show: each would stay silent for ever.
 */
@Timeout(90)
final class PrometheusTest {
    private static final Duration LIMIT = Duration.ofSeconds(40);
    private static final String INTERVAL = "5m";

    /** Segments of the daemon that the load has to fill before something is evicted. */
    private static final int EVICTED_SEGMENTS_MIN = 2;

    private static final int SERIES_USUAL = 2_500;

    @TempDir
    Path directory;

    private EveryDoor doors;
    private PrometheusProcess prometheus;

    @BeforeEach
    void start() throws Exception {
        Programs.require("prometheus", "prometheus");
        doors = EveryDoor.open(directory);
        prometheus = PrometheusProcess.start(directory, doors.daemon().adminAddress());
    }

    @AfterEach
    void stop() throws Exception {
        if (prometheus != null) {
            prometheus.close();
        }
        if (doors != null) {
            doors.close();
        }
    }

    @Test
    void everyExpressionHasDataAndAFaultIsAnAlert() throws Exception {
        Awaitility.await().atMost(LIMIT).until(() -> hasNumber("kvstore_ready"));
        int round = 0;
        doors.use(round++);
        long scrapes = scrapes();
        while (doors.daemon().metric("kvstore_store_evicted_segments_total") < EVICTED_SEGMENTS_MIN
                || scrapes() < scrapes + 2) {
            doors.use(round++);
        }
        System.gc(); // a pause, for the JVM's panels
        doors.readWrongBytes();
        doors.refuseSegments();

        Awaitility.await()
                .atMost(LIMIT)
                .pollInterval(Duration.ofMillis(500))
                .untilAsserted(() -> assertThat(silent()).isEmpty());
        assertThat(prometheus.brokenRules()).isEmpty();
        Awaitility.await()
                .atMost(LIMIT)
                .until(() -> hasNumber("ALERTS{alertname=\"KvstoreWrongBytes\",alertstate=\"firing\"}"));
        assertThat(prometheus.query("count({job=\"kvstore\"})").getFirst()).isLessThan(SERIES_USUAL);
    }

    private long scrapes() {
        return prometheus.query("count_over_time(kvstore_ready[5m])").stream()
                .mapToLong(Double::longValue)
                .sum();
    }

    /** Expressions that show nothing, and metrics that they name and nobody shows. */
    private List<String> silent() throws Exception {
        List<String> expressions = new ArrayList<>();
        MonitoringFiles.dashboardExpressions()
                .forEach(expression -> expressions.add(MonitoringFiles.filledIn(expression, INTERVAL)));
        Stream.concat(MonitoringFiles.recordings().stream(), MonitoringFiles.alerts().stream())
                .map(Rule::expression)
                .forEach(expressions::add);
        List<String> silent = new ArrayList<>();
        for (String expression : expressions) {
            if (!hasNumber(Expressions.comparisonsAsValues(expression))) {
                silent.add(expression);
            }
            Expressions.selectors(expression).stream()
                    .filter(selector -> prometheus.query(selector).isEmpty())
                    .forEach(selector -> silent.add(selector + " of " + expression));
        }
        return silent;
    }

    private boolean hasNumber(String expression) {
        return prometheus.query(expression).stream().anyMatch(value -> !value.isNaN());
    }
}
