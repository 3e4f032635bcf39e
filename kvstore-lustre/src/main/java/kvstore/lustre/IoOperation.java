package kvstore.lustre;

import java.lang.foreign.MemorySegment;
import kvstore.api.EngineFuture;
import kvstore.api.IoFailure;
import kvstore.api.IoFailure.Kind;

/** One read or write: what a lane runs, and the future that its caller holds. */
final class IoOperation extends EngineFuture implements Runnable {
    private final PosixFile file;
    private final IoStats stats;
    private final boolean reading;
    private final MemorySegment memory;
    private final long offset;
    private final long submittedNanos = System.nanoTime();

    IoOperation(PosixFile file, IoStats stats, boolean reading, MemorySegment memory, long offset) {
        this.file = file;
        this.stats = stats;
        this.reading = reading;
        this.memory = memory;
        this.offset = offset;
    }

    /** Moves the bytes, on a thread of the lane. The caller has acquired the file; this releases it. */
    @Override
    public void run() {
        long startNanos = System.nanoTime();
        stats.started(startNanos - submittedNanos);
        Throwable failure = null;
        try {
            file.transfer(reading, memory, offset, stats);
            stats.succeeded(memory.byteSize());
        } catch (IoFailure e) {
            stats.failed(e.kind());
            failure = e;
        } catch (RuntimeException | Error e) {
            // freed memory, for one: the caller's mistake, but its future must complete
            stats.failed(Kind.OTHER);
            failure = e;
        }
        stats.ended(System.nanoTime() - startNanos);
        file.release();
        finish(failure);
    }

    /** Completes without having run. */
    void refuse(IoFailure failure) {
        finish(failure);
    }
}
