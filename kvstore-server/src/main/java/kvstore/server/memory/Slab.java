package kvstore.server.memory;

import java.util.concurrent.atomic.AtomicBoolean;
import kvstore.api.HostBuffer;

/** A loan from the {@link SlabPool}. Closing gives the memory back; closing again does nothing. */
public final class Slab implements AutoCloseable {
    private final SlabPool pool;
    private final SlabPool.Use use;
    private final HostBuffer buffer;
    private final long offset;
    private final AtomicBoolean closed = new AtomicBoolean();

    Slab(SlabPool pool, SlabPool.Use use, HostBuffer buffer, long offset) {
        this.pool = pool;
        this.use = use;
        this.buffer = buffer;
        this.offset = offset;
    }

    /** The memory: as many bytes as were asked for, rounded up to whole blocks. Contents are undefined. */
    public HostBuffer buffer() {
        return buffer;
    }

    long offset() {
        return offset;
    }

    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            pool.release(use, offset, buffer.sizeBytes());
        }
    }
}
