package kvstore.server.monitoring;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/** What {@code deploy/} gives an operator for Prometheus and Grafana. */
public final class MonitoringFiles {
    private static final Path DEPLOY = Path.of("..", "deploy").toAbsolutePath().normalize();
    static final Path ALERTS = DEPLOY.resolve("prometheus/kvstore-alerts.yml");
    static final Path ALERTS_TEST = DEPLOY.resolve("prometheus/kvstore-alerts-test.yml");
    static final Path RECORDING = DEPLOY.resolve("prometheus/kvstore-recording.yml");
    static final Path DASHBOARD = DEPLOY.resolve("grafana/kvstore.json");
    static final Path DOCS = Path.of("..", "docs");

    private MonitoringFiles() {}

    /**
     * One rule of either file.
     *
     * @param name of the alert, or of the series that is recorded
     * @param annotations none for recording rules
     */
    public record Rule(String name, String expression, Map<String, String> annotations) {}

    /** Those that Prometheus loads. */
    public static List<Path> ruleFiles() {
        return List.of(RECORDING, ALERTS);
    }

    /** The alerts. */
    public static List<Rule> alerts() throws IOException {
        return rules(ALERTS, "alert");
    }

    /** What is computed in advance. */
    public static List<Rule> recordings() throws IOException {
        return rules(RECORDING, "record");
    }

    @SuppressWarnings("unchecked")
    private static List<Rule> rules(Path file, String kind) throws IOException {
        List<Rule> rules = new ArrayList<>();
        Map<String, List<Map<String, Object>>> content = (Map<String, List<Map<String, Object>>>)
                new Load(LoadSettings.builder().build()).loadFromString(Files.readString(file));
        for (Map<String, Object> group : Objects.requireNonNull(content.get("groups"))) {
            for (Map<String, Object> rule : (List<Map<String, Object>>) Objects.requireNonNull(group.get("rules"))) {
                rules.add(new Rule(
                        String.valueOf(rule.get(kind)),
                        String.valueOf(rule.get("expr")).strip(),
                        (Map<String, String>) rule.getOrDefault("annotations", Map.of())));
            }
        }
        return rules;
    }

    /** Every expression of the dashboard, with Grafana's variables in it. */
    public static List<String> dashboardExpressions() throws IOException {
        List<String> expressions = new ArrayList<>();
        JsonObject dashboard =
                JsonParser.parseString(Files.readString(DASHBOARD)).getAsJsonObject();
        for (JsonElement panel : dashboard.getAsJsonArray("panels")) {
            if (panel.getAsJsonObject().has("targets")) {
                panel.getAsJsonObject()
                        .getAsJsonArray("targets")
                        .forEach(target -> expressions.add(
                                target.getAsJsonObject().get("expr").getAsString()));
            }
        }
        for (JsonElement annotation : dashboard.getAsJsonObject("annotations").getAsJsonArray("list")) {
            expressions.add(annotation.getAsJsonObject().get("expr").getAsString());
        }
        return expressions;
    }

    /**
     * An expression of the dashboard as Grafana would send it, for all nodes.
     *
     * @param interval such as {@code 5m}
     */
    public static String filledIn(String expression, String interval) {
        return expression.replace("$__rate_interval", interval).replace("$node", ".*");
    }
}
