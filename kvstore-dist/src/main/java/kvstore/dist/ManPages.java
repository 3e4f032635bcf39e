package kvstore.dist;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import kvstore.client.cli.Main;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/**
 * Manual pages and completion, from the definition of the command line. picocli's own generator of manual pages writes
 * AsciiDoc, which needs Asciidoctor, a Ruby program, to become a page; this writes man(7) at once.
 */
final class ManPages {
    private static final int WIDTH_MAX = 65_535;

    private final Release release;

    ManPages(Release release) {
        this.release = release;
    }

    /** The completion script of bash. */
    static String completion() {
        return AutoComplete.bash("kvstore", Main.definition());
    }

    /** A page for each command: by its file's name. */
    Map<String, String> pages() {
        CommandLine root = Main.definition();
        root.setUsageHelpWidth(WIDTH_MAX);
        List<CommandLine> all = new ArrayList<>();
        collect(root, all);
        return all.stream().collect(Collectors.toMap(command -> name(command) + ".1", this::page, (a, _) -> a));
    }

    private static void collect(CommandLine command, List<CommandLine> all) {
        all.add(command);
        children(command).forEach(child -> collect(child, all));
    }

    /** Without picocli's own, such as {@code help}. */
    private static List<CommandLine> children(CommandLine command) {
        return command.getSubcommands().values().stream()
                .filter(child -> !child.getCommandSpec().usageMessage().hidden())
                .distinct()
                .sorted(Comparator.comparing(CommandLine::getCommandName))
                .toList();
    }

    private static String name(CommandLine command) {
        return command.getCommandSpec().qualifiedName("-");
    }

    private String page(CommandLine command) {
        CommandSpec spec = command.getCommandSpec();
        Page page = new Page();
        page.line(".TH \"%s\" 1 \"%s\" \"kvstore %s\" \"kvstore\""
                .formatted(
                        Page.escape(name(command).toUpperCase(Locale.ROOT)),
                        release.timestamp().toString().substring(0, 10),
                        Page.escape(release.version())));
        page.section("NAME");
        page.text(name(command) + " - " + summary(spec));
        page.section("SYNOPSIS");
        page.text(command.getHelp().synopsis(0).strip());
        page.section("DESCRIPTION");
        Arrays.stream(spec.usageMessage().description()).forEach(paragraph -> {
            page.line(".PP");
            page.text(plain(paragraph));
        });
        arguments(spec, page);
        commands(command, page);
        page.section("EXIT STATUS");
        spec.usageMessage().exitCodeList().forEach((code, meaning) -> page.item(code.strip(), plain(meaning)));
        if (spec.parent() == null) {
            page.section("FILES");
            page.item("/etc/kvstore/kvstore.yaml", "The daemon's configuration.");
            page.item("/usr/share/doc/kvstore", "Licences, and the list of what is inside.");
            page.section("ENVIRONMENT");
            page.item("KVSTORE_TARGET", "The daemon that commands talk to, unless --target says otherwise.");
            page.item("KVSTORE_JAVA_OPTS", "Appended to the flags of the Java machine.");
        } else {
            page.section("SEE ALSO");
            page.text(spec.parent().qualifiedName("-") + "(1)");
        }
        return page.toString();
    }

    private static void arguments(CommandSpec spec, Page page) {
        List<PositionalParamSpec> positions = spec.positionalParameters().stream()
                .filter(argument -> !argument.hidden())
                .toList();
        List<OptionSpec> options = spec.options().stream()
                .filter(option -> !option.hidden())
                .sorted(Comparator.comparing(OptionSpec::longestName))
                .toList();
        page.section("OPTIONS");
        positions.forEach(position -> page.item(position.paramLabel(), description(position)));
        for (OptionSpec option : options) {
            String names = String.join(", ", option.names());
            page.item(option.arity().max() == 0 ? names : names + "=" + option.paramLabel(), description(option));
        }
    }

    private static void commands(CommandLine command, Page page) {
        if (children(command).isEmpty()) {
            return;
        }
        page.section("COMMANDS");
        for (CommandLine child : children(command)) {
            page.item(name(child) + "(1)", summary(child.getCommandSpec()) + ".");
        }
    }

    private static String summary(CommandSpec spec) {
        String[] description = spec.usageMessage().description();
        String first = description.length == 0 ? spec.name() : plain(description[0]);
        int end = first.indexOf(". ");
        String sentence = end < 0 ? first : first.substring(0, end);
        return sentence.endsWith(".") ? sentence.substring(0, sentence.length() - 1) : sentence;
    }

    private static String description(ArgSpec argument) {
        return Arrays.stream(argument.description()).map(ManPages::plain).collect(Collectors.joining("\n"));
    }

    /** Without markup, and with the escapes of {@code String.format} resolved, as picocli does. */
    private static String plain(String text) {
        return Ansi.OFF.string(text.formatted());
    }

    /** Writes all of them, compressed, where {@code man} looks. */
    void write(Path directory) throws IOException {
        for (Map.Entry<String, String> page : pages().entrySet()) {
            Gzip.write(directory.resolve(page.getKey() + ".gz"), page.getValue());
        }
    }

    /** In the language of man(7). */
    private static final class Page {
        private final StringBuilder text = new StringBuilder();

        void section(String name) {
            line(".SH \"" + name + "\"");
        }

        void item(String name, String description) {
            line(".TP");
            line("\\fB" + escape(name) + "\\fR");
            text(description);
        }

        void text(String lines) {
            lines.lines().forEach(line -> line(escape(line)));
        }

        void line(String line) {
            text.append(line).append('\n');
        }

        /** A backslash begins a command, and so does a dot or an apostrophe in front; a bare dash would become a hyphen. */
        static String escape(String line) {
            String escaped = line.replace("\\", "\\e").replace("-", "\\-");
            return escaped.startsWith(".") || escaped.startsWith("'") ? "\\&" + escaped : escaped;
        }

        @Override
        public String toString() {
            return text.toString();
        }
    }
}
