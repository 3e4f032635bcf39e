package kvstore.server.region;

import java.lang.foreign.MemorySegment;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import kvstore.api.BlockChecksums;
import kvstore.api.IoFailure;
import kvstore.api.Region;

/**
 * The threads that touch the bytes of regions with the CPU. Platform threads and few, because this is work for cores, and
 * apart from the engine's, so that the disk does not wait for a checksum.
 */
public final class RegionThreads implements AutoCloseable {
    private final ExecutorService threads;

    public RegionThreads(int count) {
        threads = Executors.newFixedThreadPool(
                count, Thread.ofPlatform().name("kvstore-region-", 0).daemon().factory());
    }

    private interface Work<T> {
        T run() throws IoFailure;
    }

    /** The checksums of a stretch, once {@code before} has ended well. Fails with an {@link IoFailure} as its cause. */
    CompletableFuture<BlockChecksums> checksumsAfter(
            CompletableFuture<Void> before, Region region, long offset, long lengthBytes) {
        return before.thenApplyAsync(_ -> checked(() -> region.checksums(offset, lengthBytes)), threads);
    }

    /** Copies a stretch into host memory. */
    CompletableFuture<Void> read(Region region, long offset, MemorySegment destination) {
        return submit(() -> {
            region.read(offset, destination);
            return true;
        });
    }

    /** Copies host memory into a stretch. */
    CompletableFuture<Void> write(Region region, long offset, MemorySegment source) {
        return submit(() -> {
            region.write(offset, source);
            return true;
        });
    }

    /** Once closed it fails in the future and not in the call, whose caller has memory to give back. */
    private CompletableFuture<Void> submit(Work<Boolean> work) {
        try {
            return CompletableFuture.runAsync(() -> checked(work), threads);
        } catch (RejectedExecutionException _) {
            return CompletableFuture.failedFuture(
                    new IoFailure(IoFailure.Kind.CLOSED, 0, "the daemon no longer copies to and from regions"));
        }
    }

    private static <T> T checked(Work<T> work) {
        try {
            return work.run();
        } catch (IoFailure e) {
            throw new CompletionException(e);
        }
    }

    /** What was submitted still runs. */
    @Override
    public void close() {
        threads.shutdown();
    }
}
