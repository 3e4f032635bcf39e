package kvstore.server.admin;

import com.sun.net.httpserver.Filter;
import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import kvstore.server.config.AdminConfig;
import org.jspecify.annotations.Nullable;

/**
 * The one place that decides whether a request is answered, before anything looks at it; and what browsers are told with every
 * answer, so that a page of somebody else's can neither read this one nor put anything into it.
 */
final class Gate extends Filter {
    /** What machines ask for, by whatever name they have for this one. None of it says what is stored. */
    private static final Set<String> FOR_MACHINES = Set.of("/metrics", "/healthz", "/readyz");

    private static final Pattern ADDRESS = Pattern.compile("[0-9]{1,3}(\\.[0-9]{1,3}){3}|\\[[0-9a-fA-F:.]+]");

    private static final Map<String, String> HEADERS = Map.of(
            "Content-Security-Policy",
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
                    + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
            "X-Content-Type-Options",
            "nosniff",
            "X-Frame-Options",
            "DENY",
            "Referrer-Policy",
            "no-referrer",
            "Cross-Origin-Resource-Policy",
            "same-origin");

    private final AdminConfig.Page page;
    private final String hostName;

    /** @param hostName of this machine */
    Gate(AdminConfig.Page page, String hostName) {
        this.page = page;
        this.hostName = hostName;
    }

    @Override
    public void doFilter(HttpExchange exchange, Chain chain) throws IOException {
        HEADERS.forEach(exchange.getResponseHeaders()::set);
        Optional<Answer> refusal = refusal(exchange);
        if (refusal.isPresent()) {
            try (exchange) {
                refusal.get().send(exchange);
            }
        } else {
            chain.doFilter(exchange);
        }
    }

    /** Empty if it is to be answered. */
    private Optional<Answer> refusal(HttpExchange exchange) {
        if (!isRead(exchange.getRequestMethod())) {
            return Optional.of(Answer.text(405, "Only GET and HEAD.").with("Allow", "GET, HEAD"));
        }
        if (FOR_MACHINES.contains(exchange.getRequestURI().getPath())) {
            return Optional.empty();
        }
        boolean local = exchange.getRemoteAddress().getAddress().isLoopbackAddress();
        if (page == AdminConfig.Page.OFF || (page == AdminConfig.Page.LOCAL && !local)) {
            return Optional.of(
                    Answer.text(403, "The page is not for you: admin.page says who may see it. There is /metrics."));
        }
        if (!isOwnName(exchange.getRequestHeaders().getFirst("Host"))) {
            return Optional.of(Answer.text(
                    421,
                    "Ask by an address, by localhost or by " + hostName
                            + ": any other name may be a trap (DNS rebinding)."));
        }
        return Optional.empty();
    }

    /**
     * Otherwise a page anywhere, whose name its owner lets point to this machine for a moment, could read what is here in the
     * browser of somebody who may.
     */
    private boolean isOwnName(@Nullable String host) {
        if (host == null) {
            return false;
        }
        String name = host.replaceFirst(":[0-9]+$", "");
        return ADDRESS.matcher(name).matches() || name.equalsIgnoreCase("localhost") || name.equalsIgnoreCase(hostName);
    }

    private static boolean isRead(String method) {
        return method.equals("GET") || method.equals("HEAD");
    }

    @Override
    public String description() {
        return "who may ask";
    }
}
