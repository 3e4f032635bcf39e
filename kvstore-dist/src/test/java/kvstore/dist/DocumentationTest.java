package kvstore.dist;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.Gson;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import kvstore.testkit.Programs;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What is generated for people and for their tools. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
final class DocumentationTest {
    private static final Path SHARE = Built.tree().top().resolve("usr/share");

    @Test
    void everyJarIsInTheListsWithAnAcceptedLicence() throws IOException {
        Inventory inventory = new Inventory(Built.TARGET.resolve("kvstore.cdx.json"));
        List<Inventory.Component> others = inventory.thirdParties();
        assertThat(others).extracting(Inventory.Component::licences).doesNotContain(List.of());
        inventory.requireAccepted();

        String list = Files.readString(SHARE.resolve("doc/kvstore/THIRD-PARTY.txt"));
        List<String> unlisted;
        try (Stream<Path> jars = Files.list(Built.tree().top().resolve("usr/lib/kvstore/lib"))) {
            unlisted = jars.map(jar -> jar.getFileName().toString())
                    .filter(jar -> !jar.startsWith("kvstore"))
                    .filter(jar -> others.stream()
                            .noneMatch(each -> jar.startsWith(each.name() + "-" + each.version())
                                    && list.contains(each.name() + " " + each.version() + ": ")))
                    .toList();
        }
        assertThat(unlisted).isEmpty();
        assertThat(list).contains("openjdk ").contains("GPL-2.0-with-classpath-exception");
    }

    @Test
    void theBillOfMaterialsNamesTheRuntime() throws IOException {
        JsonObject document =
                new Gson().fromJson(Files.readString(SHARE.resolve("doc/kvstore/kvstore.cdx.json")), JsonObject.class);

        assertThat(document.get("bomFormat").getAsString()).isEqualTo("CycloneDX");
        assertThat(document.getAsJsonArray("components"))
                .anySatisfy(component -> assertThat(
                                component.getAsJsonObject().get("version").getAsString())
                        .isEqualTo(System.getProperty("java.runtime.version")));
    }

    @Test
    void manualPagesAreWellFormed() throws Exception {
        String groff = Programs.require("groff", "groff-base").toString();
        try (Stream<Path> found = Files.list(SHARE.resolve("man/man1"))) {
            List<Path> pages = found.toList();
            assertThat(pages)
                    .extracting(page -> page.getFileName().toString())
                    .contains("kvstore.1.gz", "kvstore-serve.1.gz", "kvstore-config-print.1.gz");
            for (Path page : pages) {
                assertThat(Run.output("sh", "-c", "gzip -dc " + page + " | " + groff + " -man -Tutf8 -ww -z"))
                        .as("%s", page.getFileName())
                        .isEmpty();
            }
        }
    }

    @Test
    void bashCompletesCommandsAndOptions() throws Exception {
        String script = SHARE.resolve("bash-completion/completions/kvstore").toString();

        assertThat(complete(script, "kvstore", "sta")).contains("stat");
        assertThat(complete(script, "kvstore", "get", "--tim")).contains("--timeout");
    }

    private static List<String> complete(String script, String... words) throws Exception {
        String line = String.join(" ", words);
        return Run.output(
                        "bash",
                        "-c",
                        "source %s; COMP_WORDS=(%s); COMP_CWORD=%d; COMP_LINE='%s'; COMP_POINT=%d; _complete_kvstore; printf '%%s\\n' \"${COMPREPLY[@]}\""
                                .formatted(script, line, words.length - 1, line, line.length()))
                .lines()
                .map(String::strip)
                .toList();
    }
}
