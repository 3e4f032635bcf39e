package kvstore.server.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import kvstore.server.config.AdminConfig;
import kvstore.server.config.Machine;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class AdminHttpTest {
    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private volatile Optional<String> whyNotReady = Optional.of("starting");
    private volatile Optional<String> trouble = Optional.empty();
    private volatile Supplier<String> metrics = () -> "kvstore_ready 1.0\n";
    private AdminHttp admin;

    @BeforeEach
    void start() throws IOException {
        admin = AdminHttp.start(
                config(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0)),
                () -> metrics.get(),
                () -> whyNotReady,
                () -> trouble);
    }

    @AfterEach
    void close() {
        admin.close();
        client.close();
    }

    @Test
    void metricsAreInPrometheusFormat() throws Exception {
        HttpResponse<String> response = get("/metrics");

        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.body()).isEqualTo("kvstore_ready 1.0\n");
        assertThat(response.headers().firstValue("Content-Type")).contains("text/plain; version=0.0.4; charset=utf-8");
    }

    @Test
    void healthyWhileItAnswers() throws Exception {
        assertThat(get("/healthz").statusCode()).isEqualTo(200);
        assertThat(get("/healthz").body()).isEqualTo("ok\n");
        trouble = Optional.of("reads are refused");
        assertThat(get("/healthz").statusCode()).isEqualTo(200);
        assertThat(get("/healthz").body()).isEqualTo("degraded: reads are refused\n");
    }

    @Test
    void readyOnlyWhenServing() throws Exception {
        HttpResponse<String> starting = get("/readyz");
        assertThat(starting.statusCode()).isEqualTo(503);
        assertThat(starting.body()).isEqualTo("starting\n");

        whyNotReady = Optional.empty();
        HttpResponse<String> serving = get("/readyz");
        assertThat(serving.statusCode()).isEqualTo(200);
        assertThat(serving.body()).isEqualTo("ok\n");
        assertThat(serving.headers().firstValue("Content-Type")).contains("text/plain; charset=utf-8");
    }

    @Test
    void otherPathsAreNotFound() throws Exception {
        assertThat(get("/x").statusCode()).isEqualTo(404);
        assertThat(get("/metrics/x").statusCode()).isEqualTo(404);
        assertThat(get("/metrics?name=x").statusCode()).isEqualTo(200);
    }

    @Test
    void whatThePageAsksWaitsForTheDaemon() throws Exception {
        assertThat(get("/").statusCode()).isEqualTo(200);
        HttpResponse<String> starting = get("/api/stat");
        assertThat(starting.statusCode()).isEqualTo(503);
        assertThat(starting.body()).isEqualTo("{\"error\":\"starting\"}");
    }

    /** By a name that somebody else's page made point here; machines may ask by any name. */
    @Test
    void noTrapByName() throws Exception {
        for (String path : List.of("/", "/api/stat", "/page.js")) {
            assertThat(statusAs("evil.example", path)).as(path).isEqualTo(421);
            assertThat(statusAs("localhost:7421", path)).as(path).isNotEqualTo(421);
            assertThat(statusAs("[::1]", path)).as(path).isNotEqualTo(421);
            assertThat(statusAs(Machine.hostName(), path)).as(path).isNotEqualTo(421);
        }
        assertThat(statusAs("prometheus.example", "/metrics")).isEqualTo(200);
    }

    /** By hand, because the JDK's client does not let its caller say who it asks. */
    private int statusAs(String host, String path) throws IOException {
        try (Socket socket =
                new Socket(InetAddress.getLoopbackAddress(), admin.address().getPort())) {
            socket.getOutputStream()
                    .write("GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n"
                            .formatted(path, host)
                            .getBytes(StandardCharsets.US_ASCII));
            String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return Integer.parseInt(answer.split(" ", 3)[1]);
        }
    }

    @Test
    void thePageCanBeOff() throws Exception {
        admin.close();
        admin = AdminHttp.start(
                new AdminConfig(
                        Optional.of(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0)), AdminConfig.Page.OFF),
                () -> "m",
                Optional::empty,
                Optional::empty);
        assertThat(get("/").statusCode()).isEqualTo(403);
        assertThat(get("/api/stat").statusCode()).isEqualTo(403);
        assertThat(get("/metrics").statusCode()).isEqualTo(200);
    }

    @Test
    void onlyReadingIsAllowed() throws Exception {
        HttpResponse<String> response =
                send(request("/metrics").POST(BodyPublishers.ofString("x")).build());

        assertThat(response.statusCode()).isEqualTo(405);
        assertThat(response.headers().firstValue("Allow")).contains("GET, HEAD");
    }

    @Test
    void headHasNoBody() throws Exception {
        HttpResponse<String> response = send(request("/metrics").HEAD().build());

        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.body()).isEmpty();
        assertThat(response.headers().firstValue("Content-Length")).contains("18");
    }

    @Test
    void failureIsAnAnswer() throws Exception {
        metrics = () -> {
            throw new IllegalStateException("secret");
        };
        HttpResponse<String> response = get("/metrics");

        assertThat(response.statusCode()).isEqualTo(500);
        assertThat(response.body()).doesNotContain("secret");
        assertThat(get("/healthz").statusCode()).isEqualTo(200);
    }

    @Test
    void closedTwiceListensNoMore() {
        admin.close();
        admin.close();

        assertThatThrownBy(() -> get("/healthz")).isInstanceOf(ConnectException.class);
    }

    @Test
    void takenPortIsRefused() {
        assertThatThrownBy(() -> AdminHttp.start(config(admin.address()), () -> "", Optional::empty, Optional::empty))
                .isInstanceOf(IOException.class)
                .hasMessageContaining(String.valueOf(admin.address().getPort()));
    }

    private static AdminConfig config(InetSocketAddress address) {
        return new AdminConfig(Optional.of(address), AdminConfig.Page.LOCAL);
    }

    private HttpResponse<String> get(String path) throws IOException, InterruptedException {
        return send(request(path).build());
    }

    private HttpResponse<String> send(HttpRequest request) throws IOException, InterruptedException {
        return client.send(request, BodyHandlers.ofString());
    }

    private HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(
                URI.create("http://127.0.0.1:" + admin.address().getPort() + path));
    }
}
