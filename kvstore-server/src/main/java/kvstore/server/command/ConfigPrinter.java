package kvstore.server.command;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import kvstore.client.cli.Json;
import kvstore.server.config.EffectiveValue;

/** Shows what holds and who said so. */
final class ConfigPrinter {
    /** What YAML reads as this very text without quotes. */
    private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9/][A-Za-z0-9._/:-]*(?<!:)");

    private static final int ORIGIN_COLUMN = 48;

    private ConfigPrinter() {}

    /** A file that would set everything as it is now, with the origin of each value as a comment. */
    static String yaml(List<EffectiveValue> values) {
        StringBuilder out = new StringBuilder();
        String section = "";
        for (EffectiveValue value : values) {
            if (!value.section().equals(section)) {
                section = value.section();
                out.append(section).append(":\n");
            }
            String line = (section.isEmpty() ? "" : "  ") + value.key() + ": " + scalar(value.value());
            out.append(line)
                    .repeat(' ', Math.max(1, ORIGIN_COLUMN - line.length()))
                    .append("# ")
                    .append(value.origin())
                    .append('\n');
        }
        return out.toString();
    }

    /** One JSON object: path to an object that says what holds and who said so. */
    static String json(List<EffectiveValue> values) {
        Map<String, Object> object = new LinkedHashMap<>();
        values.forEach(
                value -> object.put(value.path(), Json.object("value", value.value(), "origin", value.origin())));
        return Json.write(object) + "\n";
    }

    /** In quotes where YAML needs them. A JSON string is one in YAML too. */
    private static String scalar(String value) {
        return PLAIN.matcher(value).matches() ? value : Json.write(value);
    }
}
