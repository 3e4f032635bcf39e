package kvstore.server.monitoring;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import kvstore.server.testing.GeneratedPage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 1, unit = TimeUnit.MINUTES)
final class DashboardTest {
    @TempDir
    private Path directory;

    @Test
    void fileIsUpToDate() throws IOException {
        GeneratedPage.assertUpToDate(MonitoringFiles.DASHBOARD, DashboardSource.json());
    }

    @Test
    void panelsHaveAnIdentityAndAPlaceOfTheirOwn() {
        JsonArray panels = panels();
        Set<Integer> ids = new HashSet<>();
        Set<String> cells = new HashSet<>();
        for (JsonElement element : panels) {
            JsonObject panel = element.getAsJsonObject();
            assertThat(ids.add(panel.get("id").getAsInt())).as(panel.toString()).isTrue();
            JsonObject place = panel.getAsJsonObject("gridPos");
            for (int x = 0; x < place.get("w").getAsInt(); x++) {
                for (int y = 0; y < place.get("h").getAsInt(); y++) {
                    int column = place.get("x").getAsInt() + x;
                    assertThat(column).isLessThan(24);
                    assertThat(cells.add(column + " " + (place.get("y").getAsInt() + y)))
                            .as(panel.get("title").getAsString())
                            .isTrue();
                }
            }
        }
    }

    @Test
    void everyQueryAsksTheChosenSourceForTheChosenNodes() {
        for (JsonElement element : panels()) {
            JsonObject panel = element.getAsJsonObject();
            if (panel.get("type").getAsString().equals("row")) {
                continue;
            }
            for (JsonElement target : panel.getAsJsonArray("targets")) {
                JsonObject query = target.getAsJsonObject();
                String expression = query.get("expr").getAsString();
                assertThat(query.getAsJsonObject("datasource").get("uid").getAsString())
                        .isEqualTo("${datasource}");
                assertThat(Expressions.selectors(MonitoringFiles.filledIn(expression, "5m")))
                        .as(expression)
                        .isNotEmpty()
                        .allMatch(selector -> selector.contains("instance=~\".*\""))
                        .allSatisfy(selector -> DocumentedMetrics.assertIsOne(Expressions.name(selector)));
            }
        }
    }

    @Test
    void everyExpressionParses() throws Exception {
        StringBuilder rules = new StringBuilder("groups:\n  - name: dashboard\n    rules:\n");
        int number = 0;
        for (String expression : MonitoringFiles.dashboardExpressions()) {
            rules.append("      - record: panel:%d\n        expr: >\n          %s\n"
                    .formatted(number++, MonitoringFiles.filledIn(expression, "5m")));
        }
        Path file = Files.writeString(directory.resolve("dashboard.yml"), rules);
        Promtool.check(directory, "check", "rules", file.toString());
    }

    private static JsonArray panels() {
        return JsonParser.parseString(DashboardSource.json()).getAsJsonObject().getAsJsonArray("panels");
    }
}
