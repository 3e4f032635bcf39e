package kvstore.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import kvstore.server.FaultyEngine.Call;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code /readyz} says while a start reads segments, asked from within it. */
final class ReadinessTest {
    @TempDir
    Path directory;

    @Test
    void notReadyBeforeEverySegmentIsRead() throws Exception {
        try (DaemonUnderTest daemon = DaemonUnderTest.start(directory)) {
            new GeneratedStubs(daemon.tcp()).put("key", Payloads.bytes("key", 1000));
        }
        int port = freePort();
        List<HttpResponse<String>> answers = Collections.synchronizedList(new ArrayList<>());
        HttpClient http = HttpClient.newHttpClient();
        try (DaemonUnderTest daemon = DaemonUnderTest.start(
                directory,
                engine -> new FaultyEngine(engine, (call, _, _, _) -> ask(call, http, port, answers)),
                "admin.listen=127.0.0.1:" + port)) {
            assertThat(answers).hasSize(1);
            assertThat(answers.getFirst().statusCode()).isEqualTo(503);
            assertThat(answers.getFirst().body()).isEqualTo("starting: recovering, 0 of 1 segments are read\n");
            assertThat(daemon.http("/readyz").statusCode()).isEqualTo(200);
        } finally {
            http.shutdownNow();
        }
    }

    private static FaultyEngine.@Nullable Fault ask(
            Call call, HttpClient http, int port, List<HttpResponse<String>> answers) {
        if (call == Call.OPEN) {
            URI uri = URI.create("http://127.0.0.1:" + port + "/readyz");
            answers.add(http.sendAsync(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString())
                    .join());
        }
        return null;
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }
}
