package kvstore.store;

import java.nio.file.Path;

/**
 * One of the directories that a node keeps its segments in, at one moment.
 *
 * @param path as configured
 * @param awayReason why it is set aside; empty while it is in use
 * @param capacity how full it is
 * @param segments segment files in use there; of a directory that was never read, 0
 */
public record DirectoryStats(Path path, String awayReason, CapacityStats capacity, int segments) {}
