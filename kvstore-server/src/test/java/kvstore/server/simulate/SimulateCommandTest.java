package kvstore.server.simulate;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import kvstore.client.cli.Main;
import kvstore.server.testing.GeneratedPage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code kvstore simulate}, and the trace of the repository. */
@Timeout(120)
final class SimulateCommandTest {
    private static final String TRACE = "../docs/reference/traces/conversations.jsonl";

    @TempDir
    Path directory;

    @Test
    void theTraceOfTheRepositoryIsTheGeneratorsOwn() throws Exception {
        Path trace = directory.resolve("trace");
        assertThat(run(trace.toString(), "--generate", "500")).isEqualTo(new Run(0, "", ""));
        GeneratedPage.assertUpToDate("reference/traces/conversations.jsonl", Files.readString(trace));
        assertThat(TraceGenerator.lines(2, 500, 512)).isNotEqualTo(Files.readAllLines(trace));
        assertThat(Trace.read(trace).requests()).hasSize(500);
    }

    @Test
    void theTableOfThePageIsWhatTheCommandPrints() throws Exception {
        Run run = run(TRACE);
        assertThat(run.err()).isEmpty();
        assertThat(Path.of("../docs/explanation/eviction.md")).content().contains(run.out());
    }

    @Test
    void twoRunsAreTheSameAndThePlotHasAPointForEach() throws Exception {
        Path svg = directory.resolve("plot.svg");
        String[] arguments = {TRACE, "--capacity", "8GiB,16GiB", "--policy", "oldest,reinsert", "--json"};
        Run first = run(Stream.concat(Stream.of(arguments), Stream.of("--svg", svg.toString()))
                .toArray(String[]::new));
        assertThat(run(arguments)).isEqualTo(first);
        JsonObject result = JsonParser.parseString(first.out()).getAsJsonObject();
        assertThat(result.getAsJsonArray("runs")).hasSize(4);
        JsonObject unlimited = result.getAsJsonObject("unlimited");
        assertThat(unlimited.get("blocks").getAsInt()
                        - unlimited.get("hit_blocks").getAsInt())
                .isGreaterThanOrEqualTo(result.get("distinct_blocks").getAsInt());
        try (InputStream in = Files.newInputStream(svg)) {
            assertThat(DocumentBuilderFactory.newInstance()
                            .newDocumentBuilder()
                            .parse(in)
                            .getElementsByTagName("circle")
                            .getLength())
                    .isEqualTo(2 * 4);
        }
    }

    @Test
    void whatIsWrongIsNamed() throws Exception {
        String line = "{\"timestamp\": 5, \"input_length\": 600, \"output_length\": 1, \"hash_ids\": [1, 2]}\n";
        Path wrong = Files.writeString(directory.resolve("wrong"), line + "{\"timestamp\": 6}\n");
        assertThat(run(wrong.toString()).err())
                .startsWith(
                        "kvstore simulate: " + wrong + ":2: is no request with timestamp, input_length and hash_ids");
        Path unordered = Files.writeString(directory.resolve("unordered"), line + line.replace('5', '4'));
        assertThat(run(unordered.toString()).err())
                .isEqualTo("kvstore simulate: " + unordered + ":2: is earlier than the request before it\n");
        Path empty = Files.writeString(directory.resolve("empty"), "\n");
        assertThat(run(empty.toString()).err()).isEqualTo("kvstore simulate: " + empty + " has no request\n");
        assertThat(run(TRACE, "--policy", "newest").err()).contains("'newest' is none of oldest, reinsert and idle");
        assertThat(run(TRACE, "--capacity", "64MiB").err()).contains("has no room for blocks of 67108864 bytes");
        assertThat(run(TRACE, "--reinsert-share", "0.6").err())
                .contains("reinsertShare = 0.6: must be 0 (none) to 0.5");
        assertThat(List.of(
                        run(TRACE, "--block-tokens", "0").exitCode(),
                        run(wrong.toString()).exitCode()))
                .containsExactly(2, 4);
    }

    private record Run(int exitCode, String out, String err) {}

    private static Run run(String... arguments) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int exitCode = Main.run(
                InputStream.nullInputStream(),
                new PrintStream(out),
                new PrintStream(err),
                Stream.concat(Stream.of("simulate"), Stream.of(arguments)).toArray(String[]::new));
        return new Run(exitCode, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }
}
