package kvstore.server.config;

import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;

/**
 * Memory that clients of this machine share with the daemon.
 *
 * @param socket where they hand it over; empty for nowhere
 * @param allowedUids users who may, besides root and the daemon's own
 * @param maxCount regions at one time
 * @param threads that compute and compare checksums of what lies in regions, and copy what cannot be moved in place
 */
public record RegionConfig(Optional<Path> socket, Set<Integer> allowedUids, int maxCount, int threads) {}
