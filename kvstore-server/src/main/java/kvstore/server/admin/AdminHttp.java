package kvstore.server.admin;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import kvstore.server.config.AdminConfig;
import kvstore.server.config.Machine;
import kvstore.server.view.DaemonView;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The page for people with what it asks, {@code /metrics}, {@code /healthz}, which says ok for as long as the process can
 * answer, and {@code /readyz}. Nothing here changes anything. Who may ask is {@link Gate}'s matter.
 */
public final class AdminHttp implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(AdminHttp.class);

    private static final int BACKLOG = 64;

    /** The JDK's server has no limits of its own, and takes them only from here. */
    private static final Map<String, String> LIMITS = Map.of(
            "jdk.httpserver.maxConnections", "64",
            "sun.net.httpserver.maxReqTime", "10",
            "sun.net.httpserver.maxRspTime", "30");

    private final HttpServer server;
    private final ExecutorService requests = Executors.newVirtualThreadPerTaskExecutor();
    private final Map<String, Supplier<Answer>> plainPages;
    private final Supplier<Optional<String>> whyNotReady;

    private final PageFiles files;
    private volatile BooleanSupplier mayAsk = () -> true;
    private volatile @Nullable Api api;

    private AdminHttp(
            HttpServer server,
            PageFiles files,
            Map<String, Supplier<Answer>> plainPages,
            Supplier<Optional<String>> whyNotReady) {
        this.server = server;
        this.files = files;
        this.plainPages = plainPages;
        this.whyNotReady = whyNotReady;
    }

    /**
     * Serves from now on.
     *
     * @param config says where to listen, and who may see the page
     * @param metrics what {@code /metrics} shows, in Prometheus' text format
     * @param whyNotReady empty while puts and gets are served, else a line for people
     * @param trouble what {@code /healthz} says behind {@code degraded}, still with 200: a restart would not cure it
     * @throws IOException if the address cannot be listened on
     */
    public static AdminHttp start(
            AdminConfig config,
            Supplier<String> metrics,
            Supplier<Optional<String>> whyNotReady,
            Supplier<Optional<String>> trouble)
            throws IOException {
        Properties properties = System.getProperties();
        LIMITS.forEach(properties::putIfAbsent);
        AdminHttp admin = new AdminHttp(
                listen(config.listen().orElseThrow()),
                new PageFiles(),
                Map.of(
                        "/metrics", () -> Answer.of(200, Answer.PROMETHEUS_TEXT, metrics.get()),
                        "/healthz", () -> Answer.text(200, health(trouble.get())),
                        "/readyz", () -> Answer.readiness(whyNotReady.get())),
                whyNotReady);
        admin.server.setExecutor(admin.requests);
        admin.server.createContext("/", admin::handle).getFilters().add(new Gate(config.page(), Machine.hostName()));
        admin.server.start();
        return admin;
    }

    /**
     * The page and what it asks have something to show from now on.
     *
     * @param open whether callers of this port, of whom nothing is known, may see what admins may
     */
    public void show(DaemonView view, BooleanSupplier open) {
        mayAsk = open;
        api = new Api(view);
    }

    private static String health(Optional<String> trouble) {
        return trouble.map(what -> "degraded: " + what).orElse("ok");
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
            answer(exchange.getRequestURI()).send(exchange);
        }
    }

    private Answer answer(URI uri) {
        String path = uri.getPath();
        try {
            Supplier<Answer> plain = plainPages.get(path);
            if (plain != null) {
                return plain.get();
            }
            return path.startsWith(Api.PREFIX)
                    ? api(uri)
                    : files.find(path)
                            .orElseGet(() -> Answer.text(404, "There are /, /metrics, /healthz and /readyz."));
        } catch (RuntimeException e) {
            LOG.atError().setCause(e).addKeyValue("path", path).log("admin request failed");
            return Answer.text(500, "This failed; the log says why.");
        }
    }

    private Answer api(URI uri) {
        if (!mayAsk.getAsBoolean()) {
            return Answer.error(
                    403, "there are tenants, and this port knows nobody: use the kvstore command as an admin");
        }
        Api up = api;
        return up == null ? Answer.error(503, whyNotReady.get().orElse("starting")) : up.answer(uri);
    }
}
