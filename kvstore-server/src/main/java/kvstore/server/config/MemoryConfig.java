package kvstore.server.config;

/**
 * Memory for payload in flight, taken once at start.
 *
 * @param slabSizeBytes all of it; a multiple of 16 MiB
 * @param writeShare the part of it that puts may take, more than 0 and at most 1
 */
public record MemoryConfig(long slabSizeBytes, double writeShare) {}
