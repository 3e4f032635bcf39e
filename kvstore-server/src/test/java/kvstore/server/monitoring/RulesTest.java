package kvstore.server.monitoring;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import kvstore.server.monitoring.MonitoringFiles.Rule;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 1, unit = TimeUnit.MINUTES)
final class RulesTest {
    private static final Pattern EXPECTED = Pattern.compile("alertname=\"(\\w+)\", instance=\"bad\"");

    @TempDir
    private Path directory;

    @Test
    void prometheusTakesTheRules() throws Exception {
        Promtool.check(
                directory, "check", "rules", MonitoringFiles.RECORDING.toString(), MonitoringFiles.ALERTS.toString());
    }

    @Test
    void alertsFireWhenTheyShouldAndOnlyThen() throws Exception {
        Promtool.check(directory, "test", "rules", MonitoringFiles.ALERTS_TEST.toString());
    }

    @Test
    void everyAlertIsTested() throws IOException {
        Set<String> tested = EXPECTED.matcher(Files.readString(MonitoringFiles.ALERTS_TEST))
                .results()
                .map(found -> found.group(1))
                .collect(Collectors.toSet());
        assertThat(tested).isEqualTo(names(MonitoringFiles.alerts()));
    }

    @Test
    void everyAlertHasARunbookAndEveryRunbookItsAlert() throws IOException {
        for (Rule alert : MonitoringFiles.alerts()) {
            assertThat(alert.annotations())
                    .containsEntry("runbook", "docs/runbooks/" + alert.name() + ".md")
                    .containsKeys("summary", "description");
        }
        Set<String> pages;
        try (Stream<Path> files = Files.list(MonitoringFiles.DOCS.resolve("runbooks"))) {
            pages = files.map(file -> file.getFileName().toString().replace(".md", ""))
                    .filter(name -> !name.equals("README"))
                    .collect(Collectors.toCollection(TreeSet::new));
        }
        assertThat(pages).isEqualTo(names(MonitoringFiles.alerts()));
    }

    /** The real Prometheus says the same, of labels too; this holds where there is none. */
    @Test
    void rulesNameMetricsThatAreDocumented() throws IOException {
        Set<String> recorded = names(MonitoringFiles.recordings());
        Stream.concat(MonitoringFiles.recordings().stream(), MonitoringFiles.alerts().stream())
                .forEach(rule -> Expressions.selectors(rule.expression()).stream()
                        .map(Expressions::name)
                        .filter(name -> !recorded.contains(name))
                        .forEach(DocumentedMetrics::assertIsOne));
    }

    private static Set<String> names(List<Rule> rules) {
        return rules.stream().map(Rule::name).collect(Collectors.toCollection(TreeSet::new));
    }
}
