package kvstore.server.monitoring;

import com.google.gson.GsonBuilder;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Writes {@code deploy/grafana/kvstore.json}: {@link DashboardPanels} in rows, in the form that Grafana imports. */
final class DashboardSource {
    /** Of the dashboard's JSON; Grafana moves older ones forward by itself. */
    private static final int SCHEMA_VERSION = 39;

    private static final int GRID_WIDTH = 24;
    private static final int PANEL_HEIGHT = 8;
    private static final int STAT_HEIGHT = 4;

    private static final Map<String, Object> DATA_SOURCE = map("type", "prometheus", "uid", "${datasource}");

    private final List<Map<String, Object>> panels = new ArrayList<>();
    private int nextId = 1;
    private int x;
    private int y;
    private int rowHeight;

    private DashboardSource() {}

    /** The file's content. */
    static String json() {
        DashboardSource source = new DashboardSource();
        DashboardPanels.ROWS.forEach(source::row);
        Map<String, Object> dashboard = map(
                "title",
                "kvstore",
                "uid",
                "kvstore",
                "description",
                "Generated: see DashboardPanels in kvstore-server's tests.",
                "tags",
                List.of("kvstore"),
                "schemaVersion",
                SCHEMA_VERSION,
                "version",
                1,
                "editable",
                true,
                "graphTooltip",
                1,
                "refresh",
                "30s",
                "time",
                map("from", "now-3h", "to", "now"),
                "templating",
                map("list", variables()),
                "annotations",
                map("list", List.of(starts())),
                "panels",
                source.panels);
        return new GsonBuilder()
                        .setPrettyPrinting()
                        .disableHtmlEscaping()
                        .create()
                        .toJson(dashboard) + "\n";
    }

    private static List<Map<String, Object>> variables() {
        return List.of(
                map("name", "datasource", "label", "Data source", "type", "datasource", "query", "prometheus"),
                map(
                        "name",
                        "node",
                        "label",
                        "Node",
                        "type",
                        "query",
                        "datasource",
                        DATA_SOURCE,
                        "query",
                        map("query", "label_values(kvstore_ready, instance)", "refId", "node"),
                        "refresh",
                        2,
                        "multi",
                        true,
                        "includeAll",
                        true,
                        "current",
                        map("text", "All", "value", "$__all")));
    }

    private static Map<String, Object> starts() {
        return map(
                "name",
                "Starts",
                "datasource",
                DATA_SOURCE,
                "enable",
                true,
                "iconColor",
                "orange",
                "expr",
                "resets(kvstore_uptime_seconds{instance=~\"$node\"}[$__rate_interval]) > 0",
                "titleFormat",
                "{{instance}} started");
    }

    private void row(DashboardPanels.Row row) {
        newLine();
        panels.add(map(
                "id",
                nextId++,
                "type",
                "row",
                "title",
                row.title(),
                "collapsed",
                false,
                "gridPos",
                place(GRID_WIDTH, 1)));
        newLine();
        row.panels().forEach(this::panel);
    }

    private void panel(DashboardPanels.Panel panel) {
        int width = GRID_WIDTH / panel.kind().perLine();
        boolean stat = panel.kind() == DashboardPanels.Kind.STAT;
        panels.add(map(
                "id",
                nextId++,
                "type",
                panel.kind().grafanaType(),
                "title",
                panel.title(),
                "description",
                panel.description(),
                "datasource",
                DATA_SOURCE,
                "gridPos",
                place(width, stat ? STAT_HEIGHT : PANEL_HEIGHT),
                "fieldConfig",
                map("defaults", defaults(panel), "overrides", List.of()),
                "options",
                panel.kind().options(),
                "targets",
                targets(panel)));
    }

    private static Map<String, Object> defaults(DashboardPanels.Panel panel) {
        return switch (panel.kind()) {
            case GRAPH -> map("unit", panel.unit(), "min", 0, "custom", map("fillOpacity", 10, "showPoints", "never"));
            case STAT, HEATMAP -> map("unit", panel.unit());
        };
    }

    private static List<Map<String, Object>> targets(DashboardPanels.Panel panel) {
        List<Map<String, Object>> targets = new ArrayList<>();
        for (DashboardPanels.Query query : panel.queries()) {
            targets.add(map(
                    "refId",
                    Character.toString('A' + targets.size()),
                    "datasource",
                    DATA_SOURCE,
                    "expr",
                    query.expression(),
                    "legendFormat",
                    query.legend(),
                    "format",
                    panel.kind() == DashboardPanels.Kind.HEATMAP ? "heatmap" : "time_series"));
        }
        return targets;
    }

    private Map<String, Object> place(int width, int height) {
        if (x + width > GRID_WIDTH) {
            newLine();
        }
        Map<String, Object> place = map("x", x, "y", y, "w", width, "h", height);
        x += width;
        rowHeight = Math.max(rowHeight, height);
        return place;
    }

    private void newLine() {
        x = 0;
        y += rowHeight;
        rowHeight = 0;
    }

    /** Keys and values in turn, in this order, because a file that is kept should not change without a reason. */
    static Map<String, Object> map(Object... keysAndValues) {
        Map<String, Object> map = new LinkedHashMap<>();
        for (int i = 0; i < keysAndValues.length; i += 2) {
            map.put((String) keysAndValues[i], keysAndValues[i + 1]);
        }
        return map;
    }
}
