package kvstore.server.admin;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.protobuf.ByteString;
import java.net.URLEncoder;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import kvstore.server.DaemonUnderTest;
import kvstore.server.GeneratedStubs;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The files of the page and what it asks, from a real daemon. */
@Timeout(60)
final class PageTest {
    private static final String HASH = "@00000000@0@084547b6c40ed5b05ba8cd0305db5bf74d5617673948d9ed193ab7d6cbc484d4";
    private static final String HOSTILE = "<img src=x onerror=alert(1)>\"'&";

    @TempDir
    Path directory;

    private DaemonUnderTest daemon;
    private GeneratedStubs stubs;

    @BeforeEach
    void start() throws Exception {
        daemon = DaemonUnderTest.start(directory);
        stubs = new GeneratedStubs(daemon.tcp());
        ByteString value = ByteString.copyFrom(new byte[5000]);
        Stream.of("llama", HOSTILE).forEach(model -> stubs.put(model + HASH, value));
    }

    @AfterEach
    void stop() {
        daemon.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"/", "/index.html", "/page.css", "/page.js", "/charts.js", "/format.js", "/icon.svg"})
    void everyFileIsLockedDown(String path) {
        HttpResponse<String> response = daemon.http(path);

        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.headers().firstValue("Content-Security-Policy").orElseThrow())
                .startsWith("default-src 'none'; script-src 'self'; style-src 'self';")
                .contains("frame-ancestors 'none'")
                .doesNotContain("unsafe");
        assertThat(response.headers().firstValue("X-Content-Type-Options")).contains("nosniff");
        assertThat(response.body()).doesNotContain("innerHTML", "insertAdjacent", "https://", "eval(");
    }

    /** A namespace of SVG is a name that looks like an address. */
    @Test
    void nothingComesFromElsewhere() {
        assertThat(daemon.http("/").body())
                .doesNotContain("style=", "onclick", "onload", "//")
                .contains("<script type=\"module\" src=\"page.js\"></script>");
    }

    @Test
    void statSaysAllOfTheContract() {
        JsonObject stat = json("/api/stat");

        assertThat(stat.get("node").getAsString()).isEqualTo("test");
        assertThat(stat.get("chunks").getAsLong()).isEqualTo(2);
        assertThat(stat.get("chunk_bytes").getAsLong()).isEqualTo(10_000);
        assertThat(stat.get("ready").getAsBoolean()).isTrue();
        JsonObject only = stat.getAsJsonArray("directories").get(0).getAsJsonObject();
        assertThat(only.get("path").getAsString()).isEqualTo(directory.toString());
        assertThat(only.get("segments").getAsInt()).isEqualTo(1);
    }

    @Test
    void historySumsWhatHappened() {
        stubs.get(List.of("llama" + HASH, "nothing"));
        Awaitility.await().until(() -> sum("get_hits") == 1 && sum("put_stored") == 2);
        JsonObject history = json("/api/history");

        assertThat(sum("get_misses")).isEqualTo(1);
        assertThat(sum("put_bytes")).isEqualTo(10_000);
        assertThat(sum("get_median_micros")).isPositive();
        assertThat(history.toString()).contains("\"misses\":[{\"reason\":\"absent\",\"count\":1}]");
        long last = history.getAsJsonArray("steps")
                .asList()
                .getLast()
                .getAsJsonObject()
                .get("end_millis")
                .getAsLong();
        assertThat(json("/api/history?after=" + (last - 1)).getAsJsonArray("steps"))
                .isNotEmpty()
                .hasSizeLessThan(5);
        assertThat(daemon.http("/api/history?after=soon").statusCode()).isEqualTo(400);
    }

    private long sum(String field) {
        return json("/api/history").getAsJsonArray("steps").asList().stream()
                .mapToLong(step -> step.getAsJsonObject().get(field).getAsLong())
                .sum();
    }

    @Test
    void segmentsAndContents() {
        JsonObject segments = json("/api/segments");
        assertThat(segments.get("segments").getAsInt()).isEqualTo(1);
        JsonObject group = segments.getAsJsonArray("groups").get(0).getAsJsonObject();
        assertThat(group.get("chunks").getAsInt()).isEqualTo(2);
        assertThat(group.get("chunk_bytes").getAsInt()).isEqualTo(10_000);
        assertThat(group.get("last_used_millis").getAsLong()).isPositive();
        assertThat(group.get("held").getAsInt()).isEqualTo(1);

        Awaitility.await()
                .until(() -> json("/api/contents").get("counted_millis").getAsLong() > 0);
        JsonObject contents = json("/api/contents");
        assertThat(contents.getAsJsonArray("models").asList())
                .extracting(model -> model.getAsJsonObject().get("name").getAsString())
                .containsExactlyInAnyOrder("llama", HOSTILE);
        assertThat(contents.getAsJsonArray("namespaces").get(0).toString())
                .isEqualTo("{\"name\":\"-\",\"chunks\":2,\"bytes\":10000}");
    }

    @Test
    void explainsAnyKey() {
        assertThat(explain("llama" + HASH).get("state").getAsString()).isEqualTo("here");
        assertThat(explain(HOSTILE + HASH).get("length").getAsInt()).isEqualTo(5000);
        assertThat(explain("hex:6c6c").get("state").getAsString()).isEqualTo("absent");
        for (String wrong : List.of("", "x".repeat(1025), "hex:zz")) {
            HttpResponse<String> response = daemon.http("/api/explain?key=" + encoded(wrong));
            assertThat(response.statusCode()).as(wrong).isEqualTo(400);
            assertThat(response.headers().firstValue("Content-Type")).contains("application/json; charset=utf-8");
        }
        assertThat(daemon.http("/api/explain").statusCode()).isEqualTo(400);
        assertThat(daemon.http("/api/" + encoded(HOSTILE)).statusCode()).isEqualTo(404);
    }

    private JsonObject explain(String key) {
        return json("/api/explain?key=" + encoded(key));
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }

    private JsonObject json(String path) {
        HttpResponse<String> response = daemon.http(path);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        assertThat(response.headers().firstValue("Cache-Control")).contains("no-store");
        return JsonParser.parseString(response.body()).getAsJsonObject();
    }
}
