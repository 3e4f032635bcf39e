package kvstore.lustre;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import kvstore.api.Blocks;
import kvstore.api.Buffer;
import kvstore.api.DescriptorFile;
import kvstore.api.DeviceBuffer;
import kvstore.api.HostBuffer;
import kvstore.api.IoFailure;
import kvstore.api.IoFailure.Kind;
import kvstore.api.IoFile;
import kvstore.api.IoPath;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An open file. Counts who uses its descriptor, because the kernel gives the number of a closed one to the next file
 * that is opened, and a late operation would then write into that.
 */
final class PosixFile implements DescriptorFile {
    private static final Logger LOG = LoggerFactory.getLogger(PosixFile.class);

    private final PosixEngine engine;
    private final FileOperations operations;
    private final Path file;
    private final int fd;
    private final long sizeBytes;

    /**
     * One for the owner, until {@link #close()}, and one for each operation. The last one out closes the descriptor.
     */
    private final AtomicInteger references = new AtomicInteger(1);

    private final AtomicBoolean closing = new AtomicBoolean();
    private final CountDownLatch descriptorClosed = new CountDownLatch(1);

    private @Nullable IoFailure syncFailure;

    PosixFile(PosixEngine engine, FileOperations operations, Path file, int fd, long sizeBytes) {
        this.engine = engine;
        this.operations = operations;
        this.file = file;
        this.fd = fd;
        this.sizeBytes = sizeBytes;
    }

    @Override
    public Path file() {
        return file;
    }

    @Override
    public long sizeBytes() {
        return sizeBytes;
    }

    @Override
    public int descriptor() {
        return fd;
    }

    @Override
    public CompletableFuture<Void> read(long offset, Buffer destination) {
        return submit(true, offset, destination);
    }

    @Override
    public CompletableFuture<Void> write(long offset, Buffer source) {
        if (offset > sizeBytes - source.sizeBytes()) {
            throw new IllegalArgumentException("write of [%d, +%d) goes past the %d bytes of %s"
                    .formatted(offset, source.sizeBytes(), sizeBytes, file));
        }
        return submit(false, offset, source);
    }

    private CompletableFuture<Void> submit(boolean reading, long offset, Buffer buffer) {
        MemorySegment memory = hostMemory(buffer);
        requireAligned(offset, memory);
        IoLane lane = engine.lane(reading);
        IoOperation operation = new IoOperation(this, lane.stats(), reading, memory, offset);
        if (!acquire()) {
            lane.stats().failed(Kind.CLOSED);
            operation.refuse(new IoFailure(Kind.CLOSED, 0, file + " is closed"));
        } else if (!lane.submit(operation)) {
            release();
            operation.refuse(new IoFailure(Kind.CLOSED, 0, "the engine of " + file + " is closed"));
        }
        return operation;
    }

    /**
     * Moves one extent, on the calling thread. When a write returns, later readers see it, see {@link IoFile#write}.
     */
    void transfer(boolean reading, MemorySegment memory, long offset, IoStats stats) throws IoFailure {
        if (reading) {
            operations.readFully(fd, memory, offset, file, stats);
            return;
        }
        operations.writeFully(fd, memory, offset, file, stats);
        if (engine.path() == IoPath.BUFFERED) {
            sync();
            operations.dropCached(fd, offset, memory.byteSize());
        }
    }

    /**
     * Waits until what was written is stored. Dirty pages that could not be stored, as after Lustre's servers evicted
     * this client, are dropped and reported to one call only, which may be that of another write. So one failure fails
     * every write that has not been answered, and all later ones; and no two calls overlap.
     */
    private synchronized void sync() throws IoFailure {
        IoFailure before = syncFailure;
        if (before != null) {
            throw new IoFailure(before.kind(), before.errno(), before.getMessage() + ", in an earlier write");
        }
        try {
            operations.sync(fd, file);
        } catch (IoFailure e) {
            syncFailure = e;
            throw e;
        }
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
            operations.close(fd, file);
        } catch (IoFailure e) {
            // nothing is lost: every write was answered for itself, and the descriptor is gone
            LOG.warn("{}", e.getMessage());
        } finally {
            descriptorClosed.countDown();
        }
    }

    /**
     * As {@link IoFile#close()}, and waits for that: not in a continuation that runs on a thread of the engine, which
     * the operations under way may need.
     */
    @Override
    public void close() {
        if (closing.compareAndSet(false, true)) {
            release();
        }
        if (!IoLane.isCurrentThread()) {
            awaitDescriptorClosed();
        }
    }

    private void awaitDescriptorClosed() {
        boolean interrupted = false;
        while (descriptorClosed.getCount() > 0) {
            try {
                descriptorClosed.await();
            } catch (InterruptedException _) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private static MemorySegment hostMemory(Buffer buffer) {
        return switch (buffer) {
            case HostBuffer host -> host.memory();
            case DeviceBuffer device ->
                throw new IllegalArgumentException("this engine moves host memory, not that of GPU " + device.gpu());
        };
    }

    private static void requireAligned(long offset, MemorySegment memory) {
        if (offset < 0 || !Blocks.isAligned(offset) || offset > Long.MAX_VALUE - memory.byteSize()) {
            throw new IllegalArgumentException("offset " + offset + " is not a multiple of " + Blocks.BLOCK_BYTES);
        }
        if (memory.byteSize() == 0) {
            throw new IllegalArgumentException("the buffer is empty");
        }
    }

    @Override
    public String toString() {
        return file + " (" + sizeBytes + " bytes)";
    }
}
