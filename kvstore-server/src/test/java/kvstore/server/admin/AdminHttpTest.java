package kvstore.server.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.Optional;
import java.util.function.Supplier;
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
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
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
        assertThat(get("/").statusCode()).isEqualTo(404);
        assertThat(get("/metrics/x").statusCode()).isEqualTo(404);
        assertThat(get("/metrics?name=x").statusCode()).isEqualTo(200);
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
        assertThatThrownBy(() -> AdminHttp.start(admin.address(), () -> "", Optional::empty, Optional::empty))
                .isInstanceOf(IOException.class)
                .hasMessageContaining(String.valueOf(admin.address().getPort()));
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
