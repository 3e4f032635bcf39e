package kvstore.server;

import java.lang.foreign.MemorySegment;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import kvstore.lustre.NativeMemory;

/**
 * The memory for payload, mapped and touched beside the recovery of the store: the one waits for the memory bus, the
 * other for the disk, and a start should take the longer of the two, not their sum.
 */
final class MemoryAtStart implements AutoCloseable {
    private final CompletableFuture<NativeMemory> mapped;

    private MemoryAtStart(CompletableFuture<NativeMemory> mapped) {
        this.mapped = mapped;
    }

    static MemoryAtStart begin(long sizeBytes) {
        CompletableFuture<NativeMemory> mapped = new CompletableFuture<>();
        Thread.ofPlatform().name("kvstore-memory").daemon().start(() -> {
            try {
                mapped.complete(NativeMemory.map(sizeBytes));
            } catch (RuntimeException | Error e) {
                mapped.completeExceptionally(e);
            }
        });
        return new MemoryAtStart(mapped);
    }

    /**
     * The memory, once all of it is there.
     *
     * @throws IllegalStateException if the kernel has not as much; says what helps
     */
    MemorySegment await() {
        try {
            return mapped.join().segment();
        } catch (CompletionException e) {
            throw new IllegalStateException(
                    "memory.slab-size: " + (e.getCause() == null ? e : e.getCause()).getMessage(), e);
        }
    }

    /** Gives the memory back. */
    @Override
    public void close() {
        mapped.thenAccept(NativeMemory::close).exceptionally(_ -> null).join();
    }
}
