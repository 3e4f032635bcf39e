package kvstore.server.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import kvstore.server.testing.GeneratedPage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ConfigReferenceTest {
    @TempDir
    private Path directory;

    @Test
    void pageIsUpToDate() throws IOException {
        GeneratedPage.assertUpToDate("reference/configuration.md", ConfigReference.page());
    }

    @Test
    void exampleSetsEveryKeyToItsDefault() throws Exception {
        Path file = Files.writeString(directory.resolve("kvstore.yaml"), ConfigReference.example());
        List<String> sets = List.of("data.directory=/pool");

        ConfigValues values = ConfigValues.load(Optional.of(file), Map.of(), sets);

        assertThat(values.bind()).isEqualTo(DaemonConfig.load(Optional.empty(), Map.of(), sets));
        assertThat(values.effective())
                .filteredOn(value -> !value.path().equals("data.directory"))
                .allSatisfy(value -> assertThat(value.origin()).startsWith(file + ":"));
    }

    @Test
    void namesOfVariablesAreDistinct() {
        assertThat(Settings.ALL).extracting(Setting::environmentName).doesNotHaveDuplicates();
    }
}
