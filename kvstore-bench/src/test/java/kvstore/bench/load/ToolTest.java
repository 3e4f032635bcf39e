package kvstore.bench.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import kvstore.bench.CleanUp;
import kvstore.client.cli.CommandFailure;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ToolTest {
    @TempDir
    private Path directory;

    private final CleanUp cleanUp = new CleanUp();
    private Tool tool = new Tool(Path.of(""), cleanUp);

    @BeforeEach
    void makeTool() {
        tool = new Tool(directory.resolve("log"), cleanUp);
    }

    @AfterEach
    void close() {
        cleanUp.close();
    }

    @Test
    void runsWithItsEnvironment() {
        tool.run(List.of("sh", "-c", "echo $GREETING"), Map.of("GREETING", "hello"));

        assertThat(tool.log()).hasContent("hello");
    }

    @Test
    void showsWhatAFailedProgramSaid() {
        assertThatThrownBy(() -> tool.run(List.of("sh", "-c", "echo no disk >&2; exit 3"), Map.of()))
                .isInstanceOf(CommandFailure.class)
                .hasMessageContainingAll("sh ended with exit code 3", "no disk");
    }

    @Test
    void saysThatThereIsNoSuchProgram() {
        assertThatThrownBy(() -> tool.run(List.of("/absent/fio"), Map.of()))
                .isInstanceOf(CommandFailure.class)
                .hasMessageContaining("cannot run fio");
    }
}
