package kvstore.bench;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import kvstore.client.cli.CommandFailure;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class DiskSpaceTest {
    @TempDir
    private Path directory;

    @Test
    void saysWhatIsMissingAndWhatHelps() {
        assertThatThrownBy(() -> DiskSpace.require(directory, 1L << 60, "take less with --less"))
                .isInstanceOf(CommandFailure.class)
                .hasMessageContainingAll("1.0 EiB", directory.toString(), "available", "--less", "nothing was written");
    }

    @Test
    void wantsADirectory() {
        Path absent = directory.resolve("absent");
        assertThatThrownBy(() -> DiskSpace.require(absent, 1, ""))
                .isInstanceOf(CommandFailure.class)
                .hasMessageContainingAll(absent.toString(), "--directory");
    }

    @Test
    void isContentWithEnough() {
        assertThatCode(() -> DiskSpace.require(directory, 1, "")).doesNotThrowAnyException();
    }
}
