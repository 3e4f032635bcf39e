package kvstore.server.config;

import java.time.Duration;

/**
 * How the daemon stops.
 *
 * @param drainTimeout how long calls under way may take to end before they are cut off
 */
public record ShutdownConfig(Duration drainTimeout) {}
