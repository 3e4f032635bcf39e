package kvstore.server.config;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import kvstore.server.memory.SlabPool;

/** What {@code auto} needs to know of this machine. */
public final class Machine {
    private static final Path HOST_NAME = Path.of("/proc/sys/kernel/hostname");
    private static final long MEMORY_PARTS = 4;
    private static final long MAX_SLAB_BYTES = 2L << 30;
    private static final long MIN_SLAB_BYTES = 2 * SlabPool.MAX_SLAB_BYTES;
    private static final int MIN_EVENT_LOOPS = 2;
    private static final int MAX_EVENT_LOOPS = 8;
    private static final int CORES_PER_REGION_THREAD = 4;
    private static final int MIN_REGION_THREADS = 2;
    private static final int MAX_REGION_THREADS = 16;

    private Machine() {}

    /** From the kernel: the JDK would ask a name server, which may be slow and may say another name tomorrow. */
    public static String hostName() {
        try {
            return Files.readString(HOST_NAME).strip();
        } catch (IOException _) {
            return "localhost";
        }
    }

    /** A quarter of the memory that this process may use, in whole pieces of {@link SlabPool#MAX_SLAB_BYTES}. */
    static long slabSizeBytes() {
        OperatingSystemMXBean system = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
        long bytes = Math.min(system.getTotalMemorySize() / MEMORY_PARTS, MAX_SLAB_BYTES);
        return Math.max(MIN_SLAB_BYTES, bytes - bytes % SlabPool.MAX_SLAB_BYTES);
    }

    static int regionThreads() {
        return Math.clamp(
                Runtime.getRuntime().availableProcessors() / CORES_PER_REGION_THREAD,
                MIN_REGION_THREADS,
                MAX_REGION_THREADS);
    }

    static int eventLoopThreads() {
        return Math.clamp(Runtime.getRuntime().availableProcessors(), MIN_EVENT_LOOPS, MAX_EVENT_LOOPS);
    }
}
