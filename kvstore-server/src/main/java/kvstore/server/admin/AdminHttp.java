package kvstore.server.admin;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@code /metrics}, {@code /healthz}, which says ok for as long as the process can answer, and {@code /readyz}. Whoever reaches the port may read them, so nothing here names a
 * key, and nothing here changes anything.
 */
public final class AdminHttp implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(AdminHttp.class);

    private static final String TEXT = "text/plain; charset=utf-8";
    private static final String PROMETHEUS_TEXT = "text/plain; version=0.0.4; charset=utf-8";
    private static final int BACKLOG = 64;

    /** The JDK's server has no limits of its own, and takes them only from here. */
    private static final Map<String, String> LIMITS = Map.of(
            "jdk.httpserver.maxConnections", "64",
            "sun.net.httpserver.maxReqTime", "10",
            "sun.net.httpserver.maxRspTime", "30");

    private final HttpServer server;
    private final ExecutorService requests = Executors.newVirtualThreadPerTaskExecutor();
    private final Map<String, Supplier<Answer>> pages;

    private record Answer(int status, String contentType, String body) {
        static Answer text(int status, String line) {
            return new Answer(status, TEXT, line + "\n");
        }

        static Answer readiness(Optional<String> whyNot) {
            return whyNot.map(reason -> text(503, reason)).orElseGet(() -> text(200, "ok"));
        }
    }

    private AdminHttp(HttpServer server, Map<String, Supplier<Answer>> pages) {
        this.server = server;
        this.pages = pages;
    }

    /**
     * Serves from now on.
     *
     * @param address where to listen; port 0 takes any free one
     * @param metrics what {@code /metrics} shows, in Prometheus' text format
     * @param whyNotReady empty while puts and gets are served, else a line for people
     * @param trouble what {@code /healthz} says behind {@code degraded}, still with 200: a restart would not cure it
     * @throws IOException if the address cannot be listened on
     */
    public static AdminHttp start(
            InetSocketAddress address,
            Supplier<String> metrics,
            Supplier<Optional<String>> whyNotReady,
            Supplier<Optional<String>> trouble)
            throws IOException {
        Properties properties = System.getProperties();
        LIMITS.forEach(properties::putIfAbsent);
        AdminHttp admin = new AdminHttp(
                listen(address),
                Map.of(
                        "/metrics", () -> new Answer(200, PROMETHEUS_TEXT, metrics.get()),
                        "/healthz",
                                () -> Answer.text(
                                        200,
                                        trouble.get()
                                                .map(what -> "degraded: " + what)
                                                .orElse("ok")),
                        "/readyz", () -> Answer.readiness(whyNotReady.get())));
        admin.server.setExecutor(admin.requests);
        admin.server.createContext("/", admin::handle);
        admin.server.start();
        return admin;
    }

    private static HttpServer listen(InetSocketAddress address) throws IOException {
        try {
            return HttpServer.create(address, BACKLOG);
        } catch (IOException e) {
            throw new IOException("admin.listen: cannot listen on " + address + ": " + e.getMessage(), e);
        }
    }

    /** Where it listens, with the port that was taken. */
    public InetSocketAddress address() {
        return server.getAddress();
    }

    /** Ends at once, requests under way included. Idempotent. */
    @Override
    public void close() {
        server.stop(0);
        requests.shutdownNow();
    }

    private void handle(HttpExchange exchange) throws IOException {
        try (exchange) {
            send(exchange, answer(exchange));
        }
    }

    private Answer answer(HttpExchange exchange) {
        Supplier<Answer> page = pages.get(exchange.getRequestURI().getPath());
        if (page == null) {
            return Answer.text(404, "There are /metrics, /healthz and /readyz.");
        }
        if (!isRead(exchange.getRequestMethod())) {
            exchange.getResponseHeaders().set("Allow", "GET, HEAD");
            return Answer.text(405, "Only GET and HEAD.");
        }
        try {
            return page.get();
        } catch (RuntimeException e) {
            LOG.atError()
                    .setCause(e)
                    .addKeyValue("path", exchange.getRequestURI().getPath())
                    .log("admin request failed");
            return Answer.text(500, "This failed; the log says why.");
        }
    }

    private static void send(HttpExchange exchange, Answer answer) throws IOException {
        byte[] body = answer.body().getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", answer.contentType());
        if (exchange.getRequestMethod().equals("HEAD")) {
            exchange.getResponseHeaders().set("Content-Length", Integer.toString(body.length));
            exchange.sendResponseHeaders(answer.status(), -1);
        } else {
            exchange.sendResponseHeaders(answer.status(), body.length);
            exchange.getResponseBody().write(body);
        }
    }

    private static boolean isRead(String method) {
        return method.equals("GET") || method.equals("HEAD");
    }
}
