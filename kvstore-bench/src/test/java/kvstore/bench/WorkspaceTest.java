package kvstore.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class WorkspaceTest {
    @TempDir
    private Path parent;

    @Test
    void isGoneAfterwardsWithAllThatIsInIt() throws IOException {
        Path path;
        try (CleanUp cleanUp = new CleanUp()) {
            path = Workspace.create(parent, "demo-", cleanUp).path();
            Files.createDirectories(path.resolve("a/b"));
            Files.writeString(path.resolve("a/b/c"), "d");
        }
        assertThat(path).doesNotExist();
        assertThat(parent).isEmptyDirectory();
    }

    @Test
    void isAnotherEveryTime() {
        try (CleanUp cleanUp = new CleanUp()) {
            assertThat(Workspace.create(parent, "demo-", cleanUp).path())
                    .isNotEqualTo(Workspace.create(parent, "demo-", cleanUp).path());
        }
    }

    @Test
    void findsAShortPlaceForTheSocket() throws IOException {
        Path deep = Files.createDirectories(parent.resolve("a-long-name-for-a-directory/".repeat(6)));
        Path socket;
        try (CleanUp cleanUp = new CleanUp()) {
            Workspace workspace = Workspace.create(deep, "demo-", cleanUp);
            socket = workspace.socket();
            assertThat(Workspace.fits(workspace.path().resolve("kvstore.sock"))).isFalse();
            assertThat(Workspace.fits(socket)).isTrue();
            assertThat(socket.getParent()).isDirectory();
        }
        assertThat(socket.getParent()).doesNotExist();
    }
}
