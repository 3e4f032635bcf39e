package kvstore.lustre;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
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
 * An open file. Counts the operations under way, so that {@link #close()} can wait for them.
 *
 * <p>After a failure that a Lustre client gives when its servers have put it out (see {@link #isWorthARetry}), the file is
 * opened again, once for all operations that failed with the same descriptor, and each of them is tried once more with
 * the new one. Those under way with the old descriptor end with that.
 */
final class PosixFile implements DescriptorFile {
    private static final Logger LOG = LoggerFactory.getLogger(PosixFile.class);

    private final PosixEngine engine;
    private final FileOperations operations;
    private final Path file;
    private final long sizeBytes;

    /** Replaced under the lock of this file; closed when both its owner, this file, and its last user let go. */
    private volatile Descriptor descriptor;

    /**
     * One for the owner, until {@link #close()}, and one for each operation. The last one out lets the descriptor go.
     */
    private final AtomicInteger references = new AtomicInteger(1);

    private final AtomicBoolean closing = new AtomicBoolean();
    private final CountDownLatch descriptorClosed = new CountDownLatch(1);

    /** Those of which others know the number, each acquired; under the lock of this file. */
    private final Set<Descriptor> handedOut = new HashSet<>();

    private @Nullable IoFailure syncFailure;

    PosixFile(PosixEngine engine, FileOperations operations, Path file, int fd, long sizeBytes) {
        this.engine = engine;
        this.operations = operations;
        this.file = file;
        this.descriptor = new Descriptor(fd, file, operations);
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

    /**
     * The descriptor in use now. It stays open until this file is closed, also when operations go on with a younger
     * one: a library that was handed a number would otherwise write into whichever file gets it next.
     */
    @Override
    public synchronized int descriptor() {
        Descriptor current = use();
        if (!handedOut.add(current)) {
            current.release();
        }
        return current.number();
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
        Descriptor used = use();
        try {
            transfer(reading, used, memory, offset, stats);
        } catch (IoFailure e) {
            if (!isWorthARetry(e)) {
                throw e;
            }
            Descriptor fresh = reopened(used, e, stats);
            try {
                transfer(reading, fresh, memory, offset, stats);
            } catch (IoFailure again) {
                again.addSuppressed(e);
                throw again;
            } finally {
                fresh.release();
            }
        } finally {
            used.release();
        }
    }

    private void transfer(boolean reading, Descriptor used, MemorySegment memory, long offset, IoStats stats)
            throws IoFailure {
        if (reading) {
            operations.readFully(used.number(), memory, offset, file, stats);
            return;
        }
        operations.writeFully(used.number(), memory, offset, file, stats);
        if (engine.path() == IoPath.BUFFERED) {
            sync(used);
            operations.dropCached(used.number(), offset, memory.byteSize());
        }
    }

    /**
     * Whether a fresh descriptor may help: a server was away, or EIO, which is also what Lustre says in that case. Not
     * through the page cache: there an error may mean that dirty pages of others are lost, which a new descriptor, by
     * its first sync, would not tell.
     */
    private boolean isWorthARetry(IoFailure failure) {
        return engine.path() == IoPath.ODIRECT
                && (failure.kind() == Kind.TRANSIENT || failure.errno() == Errno.EIO.number());
    }

    /** The descriptor in use now, acquired. */
    private Descriptor use() {
        while (true) {
            // one that was closed in between was replaced before
            Descriptor current = descriptor;
            if (current.acquire()) {
                return current;
            }
        }
    }

    /**
     * A descriptor that is younger than {@code failed}, acquired. The name is the same file as before: no name is given
     * twice in a node's directory. A file that was removed meanwhile keeps its failure.
     *
     * @throws IoFailure {@code cause}, if there is none
     */
    private synchronized Descriptor reopened(Descriptor failed, IoFailure cause, IoStats stats) throws IoFailure {
        if (descriptor == failed) {
            try {
                descriptor = new Descriptor(engine.reopen(file, sizeBytes), file, operations);
            } catch (IoFailure e) {
                cause.addSuppressed(e);
                throw cause;
            }
            failed.release();
            stats.reopened();
            LOG.atWarn()
                    .addKeyValue("file", file)
                    .addKeyValue("reason", cause.getMessage())
                    .log("opened again after a failure");
        }
        stats.retried();
        return use();
    }

    /**
     * Waits until what was written is stored. Dirty pages that could not be stored, as after Lustre's servers evicted
     * this client, are dropped and reported to one call only, which may be that of another write. So one failure fails
     * every write that has not been answered, and all later ones; and no two calls overlap.
     */
    private synchronized void sync(Descriptor used) throws IoFailure {
        IoFailure before = syncFailure;
        if (before != null) {
            throw new IoFailure(before.kind(), before.errno(), before.getMessage() + ", in an earlier write");
        }
        try {
            operations.sync(used.number(), file);
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
            releaseDescriptors();
        } finally {
            descriptorClosed.countDown();
        }
    }

    private synchronized void releaseDescriptors() {
        handedOut.forEach(Descriptor::release);
        descriptor.release();
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
