package kvstore.client;

import java.lang.foreign.MemorySegment;
import kvstore.api.ChunkKey;

/**
 * A key, and the memory that its value comes from or goes to.
 *
 * <p>The memory stays alive, and untouched by others, until the future of the put or get completes.
 *
 * @param key of the default namespace: the wire has no other
 * @param memory exactly as large as the value, at least 1 byte, and usable by any thread: not of a confined arena
 */
public record Chunk(ChunkKey key, MemorySegment memory) {
    // Stands for gRPC's threads in a question; never started.
    private static final Thread ANY_OTHER_THREAD = Thread.ofVirtual().unstarted(() -> {});

    public Chunk {
        WireKeys.requireDefaultNamespace(key);
        if (memory.byteSize() == 0) {
            throw new IllegalArgumentException("the value of " + key + " has 0 bytes: it needs at least 1");
        }
        if (!memory.isAccessibleBy(ANY_OTHER_THREAD)) {
            throw new IllegalArgumentException("the memory for " + key
                    + " belongs to one thread, and gRPC's threads cannot reach it: take it from a shared arena");
        }
    }
}
