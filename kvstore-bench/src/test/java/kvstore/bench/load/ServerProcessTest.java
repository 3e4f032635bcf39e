package kvstore.bench.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import kvstore.bench.CleanUp;
import kvstore.client.cli.CommandFailure;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ServerProcessTest {
    @TempDir
    private Path directory;

    @Test
    void saysWhyAServerDidNotStart() {
        int port = ServerProcess.freePort();
        try (CleanUp cleanUp = new CleanUp()) {
            assertThatThrownBy(() -> ServerProcess.start(
                            List.of("sh", "-c", "echo no memory; exit 1"), port, directory.resolve("log"), cleanUp))
                    .isInstanceOf(CommandFailure.class)
                    .hasMessageContainingAll("sh does not listen on port " + port, "no memory");
        }
    }

    @Test
    void findsAPort() {
        assertThat(ServerProcess.freePort()).isPositive();
    }
}
