package kvstore.server.monitoring;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Pages that are read at 3 a.m. name only what is there. */
final class RunbooksTest {
    private static final Pattern LINK = Pattern.compile("]\\(([^)#:]+)(#[^)]*)?\\)");
    private static final Pattern METRIC = Pattern.compile("\\bkvstore_[a-z_]*[a-z]\\b");
    private static final Pattern KEY = Pattern.compile("`([a-z]+\\.[a-z][a-z-]+)(: [^`]*)?`");
    private static final Pattern DOCUMENTED_KEY = Pattern.compile("(?m)^### `([a-z]+)\\.([a-z-]+)`");
    private static final Pattern HEADING = Pattern.compile("(?m)^## (.*)$");

    private final List<Path> runbooks = new ArrayList<>();
    private final List<Path> pages = new ArrayList<>();

    @BeforeEach
    void find() throws IOException {
        try (Stream<Path> files = Files.list(MonitoringFiles.DOCS.resolve("runbooks"))) {
            files.filter(file -> !file.endsWith("README.md")).forEach(runbooks::add);
        }
        pages.addAll(runbooks);
        pages.add(MonitoringFiles.DOCS.resolve("runbooks/README.md"));
        pages.add(MonitoringFiles.DOCS.resolve("how-to/monitor.md"));
        pages.add(MonitoringFiles.DOCS.resolve("how-to/troubleshoot.md"));
    }

    @Test
    void eachSaysWhatItMeansWhereToLookAndWhatToDo() throws IOException {
        for (Path page : runbooks) {
            String name = page.getFileName().toString().replace(".md", "");
            String text = Files.readString(page);
            assertThat(text).startsWith("# " + name + "\n");
            assertThat(HEADING.matcher(text).results().map(found -> found.group(1)))
                    .as(name)
                    .containsExactly("What it means", "First look", "Cure");
        }
    }

    @Test
    void linksLeadSomewhere() throws IOException {
        for (Path page : pages) {
            LINK.matcher(Files.readString(page))
                    .results()
                    .forEach(link -> assertThat(page.resolveSibling(link.group(1)))
                            .as(page.toString())
                            .exists());
        }
    }

    @Test
    void metricsAndKeysAreThoseOfTheReference() throws IOException {
        Set<String> keys = DOCUMENTED_KEY
                .matcher(Files.readString(MonitoringFiles.DOCS.resolve("reference/configuration.md")))
                .results()
                .map(found -> found.group(1) + "." + found.group(2))
                .collect(Collectors.toSet());
        Set<String> sections =
                keys.stream().map(key -> key.substring(0, key.indexOf('.'))).collect(Collectors.toSet());
        for (Path page : pages) {
            String text = Files.readString(page);
            METRIC.matcher(text).results().map(found -> found.group()).forEach(DocumentedMetrics::assertIsOne);
            assertThat(KEY.matcher(text).results().map(found -> found.group(1)))
                    .as(page.toString())
                    .filteredOn(key -> sections.contains(key.substring(0, key.indexOf('.'))))
                    .isSubsetOf(keys);
        }
    }
}
