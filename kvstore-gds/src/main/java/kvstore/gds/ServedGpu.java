package kvstore.gds;

import java.util.UUID;

/**
 * A GPU that an engine serves, and what that took of memory at its start.
 *
 * @param uuid as CUDA has it, most significant byte first
 * @param name as the driver calls it
 * @param memoryBytes GPU memory, without what the context and the driver take
 * @param hostMemoryBytes pinned memory of this process
 */
public record ServedGpu(UUID uuid, String name, long memoryBytes, long hostMemoryBytes) {}
