package kvstore.server;

import io.netty.util.internal.PlatformDependent;
import java.lang.management.ManagementFactory;

/**
 * What this process, daemon and clients, holds beside the slabs once everything that can go has gone.
 *
 * @param heapBytes on the heap after a collection
 * @param directBytes of Netty, outside of the heap: whole pieces of its pools, so it moves in steps of some MiB
 */
record DaemonMemory(long heapBytes, long directBytes) {
    static DaemonMemory now() {
        // Twice: what the first one finds may be kept by something that it only queues for its end.
        System.gc();
        System.gc();
        return new DaemonMemory(
                ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed(),
                PlatformDependent.usedDirectMemory());
    }

    DaemonMemory minus(DaemonMemory other) {
        return new DaemonMemory(heapBytes - other.heapBytes, directBytes - other.directBytes);
    }
}
