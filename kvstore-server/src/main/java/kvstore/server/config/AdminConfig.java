package kvstore.server.config;

import java.net.InetSocketAddress;
import java.util.Optional;

/**
 * Health, metrics and the page over HTTP.
 *
 * @param listen TCP address; empty for none. Port 0 takes any free port
 * @param page who may see the page and what it asks
 */
public record AdminConfig(Optional<InetSocketAddress> listen, Page page) {
    /** Who may see the page, which names models, namespaces and directories. */
    public enum Page {
        /** Who asks from this machine, as through {@code ssh -L}. */
        LOCAL,
        /** Whoever reaches the port. */
        ALL,
        /** Nobody. */
        OFF
    }
}
