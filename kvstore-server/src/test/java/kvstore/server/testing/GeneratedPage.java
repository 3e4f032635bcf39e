package kvstore.server.testing;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Compares a page of {@code docs/} with what the code would write, or writes it with {@code -Dkvstore.updateDocs=true}. */
public final class GeneratedPage {
    private GeneratedPage() {}

    /**
     * Fails if the page is not {@code content}.
     *
     * @param page such as {@code reference/metrics.md}
     */
    public static void assertUpToDate(String page, String content) throws IOException {
        assertUpToDate(Path.of("..", "docs").resolve(page), content);
    }

    /** The same for a file that is no page. */
    public static void assertUpToDate(Path file, String content) throws IOException {
        if (Boolean.getBoolean("kvstore.updateDocs")) {
            Files.createDirectories(file.getParent());
            Files.writeString(file, content);
        }
        assertThat(file)
                .as("run the tests again with -Dkvstore.updateDocs=true")
                .exists()
                .content()
                .isEqualTo(content);
    }
}
