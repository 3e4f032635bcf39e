package kvstore.server.config;

import java.net.InetSocketAddress;
import java.util.Optional;

/**
 * Health and metrics over HTTP.
 *
 * @param listen TCP address; empty for none. Port 0 takes any free port
 */
public record AdminConfig(Optional<InetSocketAddress> listen) {}
