package kvstore.client.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import java.io.IOException;
import kvstore.client.FakeDaemon;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** When {@code kvstore clear} clears, and what it says. */
@NullMarked
@Timeout(60)
final class ClearCommandTest {
    private FakeDaemon daemon;

    @BeforeEach
    void start() throws IOException {
        daemon = FakeDaemon.onTcp();
        daemon.chunks.put(ByteString.copyFromUtf8("a"), ByteString.copyFromUtf8("123"));
        daemon.chunks.put(ByteString.copyFromUtf8("b"), ByteString.copyFromUtf8("45"));
    }

    @AfterEach
    void stop() {
        daemon.close();
    }

    @Test
    void refusesWhereNobodyCanBeAsked() {
        Cli refused = Cli.run(args("--all"));

        assertThat(refused.exitCode()).isEqualTo(2);
        assertThat(refused.err()).contains("there is no terminal to ask at: --yes clears without asking");
        assertThat(daemon.chunks).hasSize(2);
    }

    @Test
    void asksWithTheCount() {
        Cli no = Cli.runAtTerminal("y\n", args("--model", "llama"));
        assertThat(no.exitCode()).isEqualTo(1);
        assertThat(no.err()).isEqualTo("Forget 2 chunks (5 B) of model llama? Type yes: nothing was cleared\n");
        assertThat(Cli.runAtTerminal("", args("--all")).exitCode()).isEqualTo(1);
        assertThat(daemon.chunks).hasSize(2);

        Cli yes = Cli.runAtTerminal("yes\n", args("--namespace", ""));
        assertThat(yes.exitCode()).as(yes.err()).isZero();
        assertThat(yes.out()).isEqualTo("cleared 2 chunks (5 B) of namespace ''\n");
        assertThat(daemon.chunks).isEmpty();
    }

    @Test
    void countsOnly() {
        Cli counted = Cli.run(args("--all", "--count", "--json"));

        assertThat(counted.exitCode()).isZero();
        assertThat(counted.out()).isEqualTo("{\"found\":2,\"bytes\":5,\"unreadable_segments\":0,\"complete\":true}\n");
        assertThat(daemon.chunks).hasSize(2);
    }

    @Test
    void saysWhatItCouldNotReach() {
        daemon.unreadableSegments = 3;
        Cli cleared = Cli.run(args("--all", "--yes"));

        assertThat(cleared.exitCode()).isEqualTo(4);
        assertThat(cleared.out()).isEqualTo("cleared 2 chunks (5 B) in all\n");
        assertThat(cleared.err()).contains("3 segments could not be read, and their chunks are still there");
    }

    @Test
    void oneScopeAndNoOther() {
        assertThat(Cli.run(args("--yes")).exitCode()).isEqualTo(2);
        assertThat(Cli.run(args("--yes", "--all", "--model", "m")).exitCode()).isEqualTo(2);
        assertThat(daemon.chunks).hasSize(2);
    }

    private String[] args(String... options) {
        String[] all = new String[options.length + 3];
        all[0] = "clear";
        System.arraycopy(options, 0, all, 1, options.length);
        all[all.length - 2] = "--target";
        all[all.length - 1] = daemon.target().toString();
        return all;
    }
}
