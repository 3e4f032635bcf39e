package kvstore.server.transfer;

import java.lang.foreign.MemorySegment;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import kvstore.v1.MissReason;

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

    /**
     * Waits until the bytes are there.
     *
     * @param cancelled ends the wait
     * @return why they will not come, or not while anybody waits; unspecified if they are there
     * @throws PeerGoneException if {@code cancelled} came first
     */
    public MissReason await(CompletableFuture<Void> cancelled) throws PeerGoneException, InterruptedException {
        CompletableFuture<Void> arrived = shared.arrived();
        try {
            long leftNanos = Math.max(0, shared.giveUpNanos() - System.nanoTime());
            CompletableFuture.anyOf(arrived, cancelled).get(leftNanos, TimeUnit.NANOSECONDS);
            if (!arrived.isDone()) {
                throw new PeerGoneException();
            }
            return MissReason.MISS_REASON_UNSPECIFIED;
        } catch (ExecutionException e) {
            return Reasons.missOf(e.getCause());
        } catch (TimeoutException _) {
            return MissReason.MISS_REASON_IO_TIMEOUT;
        }
    }

    /** As {@link #await(CompletableFuture)}, for a caller that nothing cancels. */
    public MissReason await() throws InterruptedException {
        try {
            return await(new CompletableFuture<>());
        } catch (PeerGoneException e) {
            throw new AssertionError("nobody can have cancelled", e);
        }
    }

    /** When the device was asked, by {@link System#nanoTime}. */
    long beganNanos() {
        return shared.beganNanos();
    }

    /** When it was through. */
    long endedNanos() {
        return shared.endedNanos();
    }

    /** Whether {@link #await} would return at once. */
    boolean isDone() {
        return shared.arrived().isDone();
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
