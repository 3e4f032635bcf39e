package kvstore.server.config;

import java.time.Duration;

/**
 * Protection from eviction.
 *
 * @param maxDuration longest lease; a longer wish is cut down to it
 * @param maxCount leases that may be held at one time; beyond, none are given
 * @param maxShare what part of the capacity leases may keep from eviction; beyond, none are given
 */
public record LeaseConfig(Duration maxDuration, int maxCount, double maxShare) {}
