package kvstore.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import kvstore.client.cli.CommandFailure;
import kvstore.client.cli.ExitCode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class DaemonProcessTest {
    @TempDir
    private Path directory;

    @Test
    void showsTheLogOfADaemonThatDoesNotStart() {
        try (CleanUp cleanUp = new CleanUp()) {
            DaemonLauncher launcher = new DaemonLauncher(List.of("sh", "-c", "echo no such luck; exit 7"));

            assertThatThrownBy(() -> DaemonProcess.start(launcher, setup(), cleanUp))
                    .isInstanceOfSatisfying(
                            CommandFailure.class,
                            failure -> assertThat(failure.exitCode()).isEqualTo(ExitCode.UNREACHABLE))
                    .hasMessageContainingAll("exit code 7", "no such luck", "daemon.log");
        }
    }

    @Test
    void saysThatThereIsNoSuchProgram() {
        try (CleanUp cleanUp = new CleanUp()) {
            DaemonLauncher launcher = new DaemonLauncher(List.of("/absent/kvstore"));

            assertThatThrownBy(() -> DaemonProcess.start(launcher, setup(), cleanUp))
                    .isInstanceOf(CommandFailure.class)
                    .hasMessageContaining("/absent/kvstore");
        }
    }

    private DaemonProcess.Setup setup() {
        return new DaemonProcess.Setup(
                directory.resolve("pool"),
                directory.resolve("kvstore.sock"),
                directory.resolve("daemon.log"),
                List.of(),
                false);
    }
}
