package kvstore.server.config;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Optional;

/**
 * The door for {@code lm://}.
 *
 * @param listen TCP address, always of this machine; empty for no such door. Port 0 takes any free port
 * @param maxConnections most clients at one time
 * @param eventLoopThreads threads that move bytes between sockets and memory
 * @param leaseDuration how long EXIST protects what it found
 */
public record LmConfig(
        Optional<InetSocketAddress> listen, int maxConnections, int eventLoopThreads, Duration leaseDuration) {}
