package kvstore.server.config;

import java.util.ArrayList;
import java.util.List;

/** Writes {@code docs/reference/configuration.md} and the complete example. */
public final class ConfigReference {
    private static final int COMMENT_COLUMNS = 100;

    private ConfigReference() {}

    /** A file that sets every key to its default, each with its documentation. */
    public static String example() {
        StringBuilder out = new StringBuilder();
        String section = "";
        for (Setting<?> setting : Settings.ALL) {
            out.append(out.isEmpty() ? "" : "\n");
            if (!setting.section().equals(section)) {
                section = setting.section();
                out.append(section).append(":\n");
            }
            String indent = section.isEmpty() ? "" : "  ";
            String comment = setting.documentation().replace("`", "") + " Allowed: "
                    + setting.type().allowed() + ".";
            wrap(comment, COMMENT_COLUMNS)
                    .forEach(
                            line -> out.append(indent).append("# ").append(line).append('\n'));
            out.append(indent)
                    .append(setting.key())
                    .append(": ")
                    .append(setting.defaultText().isEmpty() ? "\"\"" : setting.defaultText())
                    .append('\n');
        }
        return out.toString();
    }

    /** The page, in Markdown. */
    static String page() {
        StringBuilder out = new StringBuilder(introduction());
        for (Setting<?> setting : Settings.ALL) {
            out.append(section(setting));
        }
        return out.toString();
    }

    private static String introduction() {
        return """
            # Configuration

            <!-- Generated from kvstore.server.config.Settings. After a change there:
                 mvn -pl kvstore-server -am test -Dtest=ConfigReferenceTest -Dsurefire.failIfNoSpecifiedTests=false \
            -Dkvstore.updateDocs=true -->

            The daemon starts with one setting, the directory for its data:

            ```
            kvstore serve --data /mnt/lustre/kvstore
            ```

            Everything else has a default. A setting comes from, in this order, the later winning:

            1. its default,
            2. the YAML file given with `--config FILE`,
            3. the environment: the key in capitals with `_` for `.` and `-`, after `KVSTORE_`; \
            `data.directory` is `KVSTORE_DATA_DIRECTORY`,
            4. the command line: `--set data.directory=/mnt/lustre/kvstore`, of which `--data DIR` is the short form.

            A file with an unknown key, a key that is set twice or a value out of range is refused, with the line and with \
            everything that is wrong at once. An unknown `KVSTORE_` variable is a warning. Settings are read at \
            start, and again at SIGHUP: `log.level` and `log.format` change at once, and every other key that differs is named \
            in the log and holds after a restart.

            Sizes are written `512KiB`, `64MiB`, `1GiB`, `2TiB`, or as plain bytes. Durations are written `500ms`, `30s`, \
            `5m`, `1h`, always with their unit.

            - `kvstore config check --config FILE` says what is wrong with a file, and nothing if nothing is.
            - `kvstore config print --config FILE` shows what holds, and who said so.
            - `kvstore config print --defaults` writes the file below.

            ## A complete file

            ```yaml
            %s```

            ## Keys
            """.formatted(example());
    }

    private static String section(Setting<?> setting) {
        return """

            ### `%s`

            %s

            | type | allowed | default | environment |
            |---|---|---|---|
            | %s | %s | %s | `%s` |
            """.formatted(
                        setting.path(),
                        setting.documentation(),
                        setting.type().name(),
                        setting.type().allowed(),
                        setting.defaultText().isEmpty() ? "empty" : "`" + setting.defaultText() + "`",
                        setting.environmentName());
    }

    private static List<String> wrap(String text, int columns) {
        List<String> lines = new ArrayList<>();
        StringBuilder line = new StringBuilder();
        for (String word : text.split(" ", -1)) {
            if (!line.isEmpty() && line.length() + 1 + word.length() > columns) {
                lines.add(line.toString());
                line.setLength(0);
            }
            line.append(line.isEmpty() ? "" : " ").append(word);
        }
        lines.add(line.toString());
        return lines;
    }
}
