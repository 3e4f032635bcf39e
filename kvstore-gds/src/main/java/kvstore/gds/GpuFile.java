package kvstore.gds;

import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import kvstore.api.Blocks;
import kvstore.api.Buffer;
import kvstore.api.DeviceBuffer;
import kvstore.api.HostBuffer;
import kvstore.api.IoFailure;
import kvstore.api.IoFailure.Kind;
import kvstore.api.IoFile;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A file of the engine underneath, with libcufile's handle of it. Host memory goes to that file as it is; GPU memory goes
 * to a lane of its GPU. The handle ends when the last user has gone, and before the descriptor does.
 */
final class GpuFile implements IoFile {
    private static final Logger LOG = LoggerFactory.getLogger(GpuFile.class);

    private final GpuEngine engine;
    private final IoFile base;
    private final @Nullable CuFileHandle handle;

    /** One for the owner, until {@link #close()}, and one for each transfer of GPU memory. */
    private final AtomicInteger references = new AtomicInteger(1);

    private final AtomicBoolean closing = new AtomicBoolean();
    private final CountDownLatch ended = new CountDownLatch(1);

    /** @param handle null if libcufile is not in use, or would not have the file */
    GpuFile(GpuEngine engine, IoFile base, @Nullable CuFileHandle handle) {
        this.engine = engine;
        this.base = base;
        this.handle = handle;
    }

    @Override
    public Path file() {
        return base.file();
    }

    @Override
    public long sizeBytes() {
        return base.sizeBytes();
    }

    IoFile base() {
        return base;
    }

    @Nullable
    CuFileHandle handle() {
        return handle;
    }

    @Override
    public CompletableFuture<Void> read(long offset, Buffer destination) {
        return switch (destination) {
            case HostBuffer host -> base.read(offset, host);
            case DeviceBuffer device -> submit(true, offset, device);
        };
    }

    @Override
    public CompletableFuture<Void> write(long offset, Buffer source) {
        return switch (source) {
            case HostBuffer host -> base.write(offset, host);
            case DeviceBuffer device -> {
                if (offset > sizeBytes() - device.sizeBytes()) {
                    throw new IllegalArgumentException("write of [%d, +%d) goes past the %d bytes of %s"
                            .formatted(offset, device.sizeBytes(), sizeBytes(), file()));
                }
                yield submit(false, offset, device);
            }
        };
    }

    private CompletableFuture<Void> submit(boolean reading, long offset, DeviceBuffer buffer) {
        if (offset < 0 || !Blocks.isAligned(offset) || offset > Long.MAX_VALUE - buffer.sizeBytes()) {
            throw new IllegalArgumentException("offset " + offset + " is not a multiple of " + Blocks.BLOCK_BYTES);
        }
        if (buffer.sizeBytes() == 0) {
            throw new IllegalArgumentException("the buffer is empty");
        }
        GpuTransfer transfer = engine.transfer(this, reading, buffer, offset);
        if (!acquire()) {
            transfer.reject(new IoFailure(Kind.CLOSED, 0, file() + " is closed"));
        } else if (reading && offset + buffer.sizeBytes() > sizeBytes()) {
            // not left to libcufile: clients of Lustre have crashed the kernel there
            release();
            transfer.reject(new IoFailure(
                    Kind.SHORT,
                    0,
                    "read %s [%d, +%d): the file ends before".formatted(file(), offset, buffer.sizeBytes())));
        } else {
            engine.start(transfer, reading, buffer);
        }
        return transfer;
    }

    private boolean acquire() {
        if (references.getAndUpdate(count -> count == 0 ? 0 : count + 1) == 0) {
            return false;
        }
        if (closing.get()) {
            release();
            return false;
        }
        return true;
    }

    /** Ends what {@link #acquire()} began. */
    void release() {
        if (references.decrementAndGet() > 0) {
            return;
        }
        try {
            engine.forget(this);
        } finally {
            try {
                base.close();
            } finally {
                ended.countDown();
            }
        }
    }

    /** No transfer is under way, and none comes. Idempotent. */
    void endHandle() {
        if (handle != null) {
            handle.deregister();
        }
    }

    /**
     * As {@link IoFile#close()}, and waits for that as long as the engine's configuration says: a request that never comes
     * back keeps the descriptor, not the caller.
     */
    @Override
    public void close() {
        if (closing.compareAndSet(false, true)) {
            release();
        }
        if (Thread.currentThread() instanceof GpuWorker) {
            return;
        }
        boolean interrupted = false;
        long deadlineNanos = System.nanoTime() + engine.shutdownNanos();
        while (true) {
            try {
                if (!ended.await(deadlineNanos - System.nanoTime(), TimeUnit.NANOSECONDS)) {
                    engine.isStuck();
                    LOG.error("{} is left open: {} transfers of GPU memory do not come back", file(), references);
                }
                break;
            } catch (InterruptedException _) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public String toString() {
        return base.toString();
    }
}
