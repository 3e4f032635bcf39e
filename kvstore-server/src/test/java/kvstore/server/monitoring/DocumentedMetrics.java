package kvstore.server.monitoring;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The names on {@code docs/reference/metrics.md}, which is generated from what the daemon declares. */
final class DocumentedMetrics {
    private static final Pattern NAME = Pattern.compile("(?m)^\\| `(kvstore_\\w+)` ");
    private static final Set<String> NAMES = read();

    private DocumentedMetrics() {}

    private static Set<String> read() {
        try {
            return NAME.matcher(Files.readString(MonitoringFiles.DOCS.resolve("reference/metrics.md")))
                    .results()
                    .map(found -> found.group(1))
                    .collect(Collectors.toSet());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Fails for a name of ours that is not there; those of others are Java's or Prometheus'. */
    static void assertIsOne(String name) {
        if (name.startsWith("kvstore")) {
            assertThat(NAMES).contains(name.replaceFirst("_seconds_(bucket|sum|count|max)$", "_seconds"));
        } else {
            assertThat(name).matches("up|(jvm|process|system)_\\w+");
        }
    }
}
