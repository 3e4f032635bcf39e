package kvstore.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import kvstore.client.cli.Main;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code kvstore match} against a real daemon. */
@Timeout(60)
final class MatchCommandTest {
    private static final ByteString VALUE = ByteString.copyFrom(new byte[2048]);
    private static final String TOKENS =
            IntStream.range(0, 512).mapToObj(Integer::toString).collect(Collectors.joining(", ", "[", "]\n"));

    @TempDir
    Path directory;

    private DaemonUnderTest daemon;

    @BeforeEach
    void startDaemon() throws StartException {
        daemon = DaemonUnderTest.start(directory);
        GeneratedStubs client = new GeneratedStubs(daemon.tcp());
        client.put("m@01000100@0@084547b6c40ed5b05ba8cd0305db5bf74d5617673948d9ed193ab7d6cbc484d4", VALUE);
        client.put("m@1@0@5f05dec65811b7cc@half@a%b", VALUE);
        client.put("m@1@0@-adc333b9eaa0e45@half@a%b", VALUE);
    }

    @AfterEach
    void stopDaemon() {
        daemon.close();
    }

    @Test
    void aPromptIsHereInPart() {
        Run run = match("-", "--model", "m");

        assertThat(run.out())
                .isEqualTo("256 of 512 tokens (1 of 2 chunks, 2.0 KiB)\nfirst missing:"
                        + " m@01000100@0@e5ffee45c2b9db326814c9692dc594369887ba3b0df5761817820b60f864c8e0\n");
        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(match("-", "--model", "m", "--json").out())
                .startsWith("{\"tokens\":512,\"matched_tokens\":256,\"matched_bytes\":2048,\"chunks\":2,");
    }

    @Test
    void aPromptOfTheEngineIsHereAsAWhole() throws Exception {
        Path file = Files.writeString(directory.resolve("tokens"), TOKENS.replaceAll("[,\\[\\]]", ""));

        Run run = match(file.toString(), "--model", "m", "--dtype", "half", "--tag", "a%b");

        assertThat(run.out()).isEqualTo("512 of 512 tokens (2 of 2 chunks, 4.0 KiB)\n");
        assertThat(run.exitCode()).isZero();
        assertThat(match("-", "--model", "m", "--dtype", "half", "--tag", "a%b", "--era", "none")
                        .out())
                .startsWith("0 of 512");
    }

    @Test
    void wrongUsageIsNamed() {
        assertThat(match("-", "--model", "m", "--hash-algorithm", "md5").err())
                .isEqualTo("kvstore match: --hash-algorithm: 'md5' is none of blake3, sha256_cbor, sha256_cbor_64bit,"
                        + " builtin\n");
        assertThat(match("-", "--model", "m", "--none-hash", "x").err())
                .isEqualTo("kvstore match: --none-hash: 'x' is not hexadecimal\n");
        assertThat(match("/nowhere", "--model", "m").err()).isEqualTo("kvstore match: there is no file /nowhere\n");
        assertThat(run("1 two", "-", "--model", "m"))
                .isEqualTo(new Run(2, "", "kvstore match: -: token 2, 'two', is no number of 32 bits\n"));
        assertThat(run("[]", "-", "--model", "m").err()).isEqualTo("kvstore match: -: there is no token in it\n");
    }

    private record Run(int exitCode, String out, String err) {}

    private Run match(String... arguments) {
        return run(TOKENS, arguments);
    }

    private Run run(String input, String... arguments) {
        List<String> all =
                new ArrayList<>(List.of("match", "--target", daemon.tcp().authority()));
        all.addAll(List.of(arguments));
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int exitCode = Main.run(
                new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)),
                new PrintStream(out),
                new PrintStream(err),
                all.toArray(String[]::new));
        return new Run(exitCode, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }
}
