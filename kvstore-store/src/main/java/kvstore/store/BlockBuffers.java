package kvstore.store;

import java.lang.foreign.Arena;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Semaphore;
import kvstore.api.Blocks;
import kvstore.api.HostBuffer;

/**
 * A fixed set of buffers for the store's own metadata: headers, tombstones, index areas. Whoever finds none waits for one;
 * nobody may take a second while having one.
 */
final class BlockBuffers {
    private final ConcurrentLinkedQueue<HostBuffer> free = new ConcurrentLinkedQueue<>();
    private final Semaphore available;
    private final int sizeBytes;

    /** Memory is taken when so many are lent at the same time for the first time, and then kept. */
    BlockBuffers(int count, int sizeBytes) {
        this.available = new Semaphore(count);
        this.sizeBytes = sizeBytes;
    }

    /** Lends a buffer with arbitrary content; blocks while all are lent. */
    Lent take() {
        available.acquireUninterruptibly();
        HostBuffer buffer = free.poll();
        return new Lent(this, buffer == null ? allocate() : buffer);
    }

    private HostBuffer allocate() {
        // Freed by the collector: an engine may still write to one after the store was closed.
        return new HostBuffer(Arena.ofAuto().allocate(sizeBytes, Blocks.BLOCK_BYTES));
    }

    /** A buffer until it is closed. */
    record Lent(BlockBuffers owner, HostBuffer buffer) implements AutoCloseable {
        @Override
        public void close() {
            owner.free.add(buffer);
            owner.available.release();
        }
    }
}
