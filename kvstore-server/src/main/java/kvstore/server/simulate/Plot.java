package kvstore.server.simulate;

import java.io.StringWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import javax.xml.stream.XMLOutputFactory;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamWriter;
import kvstore.client.cli.Words;
import kvstore.server.simulate.Simulation.Run;

/**
 * A simulation as a picture (SVG 1.1): hit ratio by capacity, and beside it what was written, a line for each policy.
 *
 * <p>Written here because what draws charts on the JVM is under the LGPL or needs it for SVG (JFreeChart; XChart, by
 * VectorGraphics2D), and wants fonts and AWT, which a server has not.
 */
final class Plot {
    private static final String NAMESPACE = "http://www.w3.org/2000/svg";
    private static final int WIDTH = 880;
    private static final int HEIGHT = 360;
    private static final int PANEL_WIDTH = 330;
    private static final int PANEL_HEIGHT = 240;
    private static final int TOP = 50;
    private static final int LEFT = 80;
    private static final int GAP = 110;
    private static final int GRID_LINES = 5;
    private static final List<String> COLORS = List.of("#1f77b4", "#d62728", "#2ca02c");

    private final XMLStreamWriter xml;

    private Plot(XMLStreamWriter xml) {
        this.xml = xml;
    }

    /** The picture as text. */
    static String svg(Report report) {
        StringWriter out = new StringWriter();
        try {
            XMLStreamWriter xml = XMLOutputFactory.newFactory().createXMLStreamWriter(out);
            new Plot(xml).draw(report);
            xml.close();
        } catch (XMLStreamException e) {
            throw new IllegalStateException("no XML can be written to memory", e);
        }
        return out.append('\n').toString();
    }

    private void draw(Report report) throws XMLStreamException {
        xml.writeStartElement("svg");
        xml.writeDefaultNamespace(NAMESPACE);
        attributes("width", WIDTH, "height", HEIGHT, "font-family", "sans-serif", "font-size", 12);
        element("rect", "width", WIDTH, "height", HEIGHT, "fill", "white");
        double best = report.unlimited().hitRatioByTokens();
        panel(
                report,
                LEFT,
                "tokens found, % (dashed: unlimited)",
                100,
                run -> 100 * run.outcome().hitRatioByTokens());
        double y = y(100 * best, 100);
        element(
                "line",
                "x1",
                LEFT,
                "y1",
                y,
                "x2",
                LEFT + PANEL_WIDTH,
                "y2",
                y,
                "stroke",
                "black",
                "stroke-dasharray",
                "4");
        ToDoubleFunction<Run> written =
                run -> gib(run.outcome().writtenBytes() + run.outcome().reinsertedBytes());
        double most = report.runs().stream().mapToDouble(written).max().orElse(1);
        panel(report, LEFT + PANEL_WIDTH + GAP, "written, with what was written again, GiB", most, written);
        xml.writeEndElement();
    }

    private void panel(Report report, int left, String title, double max, ToDoubleFunction<Run> value)
            throws XMLStreamException {
        text(left, TOP - 20, "start", title);
        for (int i = 0; i <= GRID_LINES; i++) {
            double y = y(i, GRID_LINES);
            element("line", "x1", left, "y1", y, "x2", left + PANEL_WIDTH, "y2", y, "stroke", "#ddd");
            text(left - 8, y + 4, "end", "%.0f".formatted(max * i / GRID_LINES));
        }
        List<Long> capacities = report.runs().stream()
                .map(run -> run.node().size().capacityBytes())
                .distinct()
                .sorted()
                .toList();
        for (long capacity : capacities) {
            text(x(left, capacities, capacity), TOP + PANEL_HEIGHT + 18, "middle", Words.size(capacity));
        }
        int line = 0;
        for (Map.Entry<String, List<Run>> policy : byPolicy(report).entrySet()) {
            String color = COLORS.get(line % COLORS.size());
            StringBuilder points = new StringBuilder();
            for (Run run : policy.getValue()) {
                double x = x(left, capacities, run.node().size().capacityBytes());
                double y = y(value.applyAsDouble(run), max);
                points.append(number(x)).append(',').append(number(y)).append(' ');
                element("circle", "cx", x, "cy", y, "r", 3, "fill", color);
            }
            element(
                    "polyline",
                    "points",
                    points.toString().strip(),
                    "fill",
                    "none",
                    "stroke",
                    color,
                    "stroke-width",
                    2);
            int legend = left + line * PANEL_WIDTH / COLORS.size();
            element("rect", "x", legend, "y", HEIGHT - 30, "width", 14, "height", 4, "fill", color);
            text(legend + 20, HEIGHT - 24, "start", policy.getKey());
            line++;
        }
    }

    private static Map<String, List<Run>> byPolicy(Report report) {
        Map<String, List<Run>> lines = new LinkedHashMap<>();
        for (Run run : report.runs()) {
            lines.computeIfAbsent(run.node().eviction().policy().label(), _ -> new ArrayList<>())
                    .add(run);
        }
        return lines;
    }

    /** Capacities stand beside each other at equal distances, however far apart they are. */
    private static double x(int left, List<Long> capacities, long capacity) {
        return left + (capacities.indexOf(capacity) + 0.5) * PANEL_WIDTH / capacities.size();
    }

    private static double y(double value, double max) {
        return TOP + PANEL_HEIGHT * (1 - value / max);
    }

    private static double gib(long bytes) {
        return (double) bytes / (1L << 30);
    }

    private void text(double x, double y, String anchor, String content) throws XMLStreamException {
        xml.writeStartElement("text");
        attributes("x", x, "y", y, "text-anchor", anchor);
        xml.writeCharacters(content);
        xml.writeEndElement();
        xml.writeCharacters("\n");
    }

    private void element(String name, Object... namesAndValues) throws XMLStreamException {
        xml.writeEmptyElement(name);
        attributes(namesAndValues);
        xml.writeCharacters("\n");
    }

    private void attributes(Object... namesAndValues) throws XMLStreamException {
        for (int i = 0; i < namesAndValues.length; i += 2) {
            Object value = namesAndValues[i + 1];
            xml.writeAttribute(
                    String.valueOf(namesAndValues[i]), value instanceof Double d ? number(d) : String.valueOf(value));
        }
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, "%.1f", value);
    }
}
