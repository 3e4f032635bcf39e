package kvstore.server.transfer;

import java.lang.foreign.MemorySegment;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * One caller's share in a read into memory of the daemon. Others may look at the same bytes, so nobody changes them.
 *
 * <p>The memory stays as it is until this is closed, and is given to nobody else before the device has let go of it.
 */
public final class StagedRead implements AutoCloseable {
    private final StagedReads.Shared shared;
    private final AtomicBoolean closed = new AtomicBoolean();

    StagedRead(StagedReads.Shared shared) {
        this.shared = shared;
    }

    /** Completes when the bytes are there, or will not come. */
    public CompletableFuture<Void> arrived() {
        return shared.arrived();
    }

    /** Where the bytes are once they have arrived: as many as were asked for, rounded up to whole blocks. */
    public MemorySegment memory() {
        return shared.memory();
    }

    /** Idempotent; does not wait for the read. */
    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            shared.leave();
        }
    }
}
