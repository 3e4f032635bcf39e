package kvstore.lustre;

import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicBoolean;
import kvstore.api.Blocks;
import kvstore.api.FileSystemFacts;
import kvstore.api.IoEngine;
import kvstore.api.IoFailure;
import kvstore.api.IoFailure.Kind;
import kvstore.api.IoFile;
import kvstore.api.IoPath;

/**
 * The engine that needs nothing but a Linux file system: one large {@code pread} or {@code pwrite} per operation, past
 * the page cache where that is proven to work, on threads of its own for reads and for writes.
 *
 * <p>Operations are never split: the Lustre client sends the parts of one large call in parallel, and parts of many
 * small ones one after the other.
 *
 * <p>Opening and creating run on the calling thread and may hang as long as the file system's servers do; a virtual
 * thread would hold its carrier that long. Futures complete on the engine's threads: what is chained to them without an
 * executor keeps the next operation waiting.
 */
public final class PosixEngine implements IoEngine {
    /** The owner writes, its group reads. */
    private static final int FILE_MODE = 0640;

    private final PosixCalls calls;
    private final FileOperations operations;
    private final QuotaLimits quotas;
    private final DirectProbe.Result probed;
    private final DirectoryLayouts layouts;
    private final IoLane reads;
    private final IoLane writes;
    private final AtomicBoolean closed = new AtomicBoolean();

    private PosixEngine(PosixCalls calls, EngineConfig config, DirectProbe.Result probed) {
        this.calls = calls;
        this.operations = new FileOperations(calls);
        this.quotas = new QuotaLimits(calls);
        this.probed = probed;
        this.layouts = new DirectoryLayouts(calls, config.layout());
        this.reads = new IoLane("kvstore-io-read", config.readThreads());
        this.writes = new IoLane("kvstore-io-write", config.writeThreads());
    }

    /**
     * Starts an engine for the file system under {@code probeDirectory}, after writing, reading back and removing a
     * small file there.
     *
     * @throws IoFailure if the directory cannot be written, or {@code O_DIRECT} is required and refused
     * @throws IllegalStateException if the Java runtime denies native calls; the message has the flag that allows them
     */
    public static PosixEngine open(EngineConfig config, Path probeDirectory) throws IoFailure {
        NativeAccess.require();
        return open(config, probeDirectory, Libc.INSTANCE);
    }

    /** As {@link #open(EngineConfig, Path)}, with something between the engine and the kernel. */
    static PosixEngine open(EngineConfig config, Path probeDirectory, PosixCalls calls) throws IoFailure {
        return new PosixEngine(calls, config, new DirectProbe(calls, probeDirectory).run(config.direct()));
    }

    /** Takes more threads into service where somebody above asks for more at one time than was configured. */
    public void growTo(int readThreads, int writeThreads) {
        reads.growTo(readThreads);
        writes.growTo(writeThreads);
    }

    @Override
    public IoPath path() {
        return probed.path();
    }

    @Override
    public String reason() {
        return probed.reason();
    }

    /** The figures of all reads. */
    public IoStats reads() {
        return reads.stats();
    }

    /** The figures of all writes. */
    public IoStats writes() {
        return writes.stats();
    }

    /**
     * Sets the layout of a directory that files will be made in, where it is on Lustre and the configuration has one, and
     * reads it back. It would be done with the first file; this is for who wants to know before. Never fails: see {@link
     * DirectoryLayout.Outcome#FAILED}.
     */
    public DirectoryLayout.Result prepare(Path directory) {
        return layouts.prepare(directory);
    }

    /** What became of the layouts so far: a failure if there was one, {@code OFF} if there was nothing to do yet. */
    public DirectoryLayout.Result layout() {
        return layouts.found();
    }

    @Override
    public IoFile create(Path file, long sizeBytes) throws IoFailure {
        if (sizeBytes <= 0 || !Blocks.isAligned(sizeBytes)) {
            throw new IllegalArgumentException(
                    "size " + sizeBytes + " is not a positive multiple of " + Blocks.BLOCK_BYTES);
        }
        requireOpen();
        Path parent = parent(file);
        requireSpace(parent, file, sizeBytes);
        layouts.prepare(parent);
        int fd = operations.createExclusively(file, openFlags(), FILE_MODE);
        try {
            operations.allocate(fd, sizeBytes, file);
        } catch (IoFailure | RuntimeException | Error e) {
            operations.discard(fd, file, e);
            throw e;
        }
        return new PosixFile(this, operations, file, fd, sizeBytes);
    }

    @Override
    public IoFile open(Path file) throws IoFailure {
        requireOpen();
        int fd = operations.open(file, openFlags(), 0);
        try {
            return new PosixFile(this, operations, file, fd, operations.size(fd, file));
        } catch (IoFailure | RuntimeException | Error e) {
            operations.closeAfter(fd, file, e);
            throw e;
        }
    }

    /**
     * Opens a file that is open once more.
     *
     * @return the descriptor
     * @throws IoFailure if that fails, or the file has another size, so that it is another one
     */
    int reopen(Path file, long sizeBytes) throws IoFailure {
        int fd = operations.open(file, openFlags(), 0);
        try {
            long foundBytes = operations.size(fd, file);
            if (foundBytes != sizeBytes) {
                throw new IoFailure(
                        Kind.NOT_FOUND, 0, "%s has %d bytes, not %d".formatted(file, foundBytes, sizeBytes));
            }
            return fd;
        } catch (IoFailure | RuntimeException | Error e) {
            operations.closeAfter(fd, file, e);
            throw e;
        }
    }

    @Override
    public FileSystemFacts facts(Path directory) throws IoFailure {
        return quotas.within(FileSystems.facts(calls, directory), directory);
    }

    @Override
    public long allocatedBytes(Path file) throws IoFailure {
        return operations.allocatedBytes(file);
    }

    /**
     * As {@link IoEngine#close()}.
     *
     * @throws IllegalStateException in a continuation that runs on a thread of the engine, which would wait for itself
     */
    @Override
    public void close() {
        if (IoLane.isCurrentThread()) {
            throw new IllegalStateException("an engine is not closed from its own threads");
        }
        closed.set(true);
        reads.close();
        writes.close();
    }

    IoLane lane(boolean reading) {
        return reading ? reads : writes;
    }

    private int openFlags() {
        return OpenFlags.READ_WRITE | OpenFlags.CLOSE_ON_EXEC | (path() == IoPath.ODIRECT ? OpenFlags.direct() : 0);
    }

    private void requireOpen() throws IoFailure {
        if (closed.get()) {
            throw new IoFailure(Kind.CLOSED, 0, "the engine is closed");
        }
    }

    private static Path parent(Path file) {
        Path parent = file.toAbsolutePath().getParent();
        if (parent == null) {
            throw new IllegalArgumentException(file + " is no name for a file");
        }
        return parent;
    }

    /** Asked first, because ext4 takes all the space there is, from everybody, before it says that it is not enough. */
    private void requireSpace(Path parent, Path file, long sizeBytes) throws IoFailure {
        FileSystemFacts facts = FileSystems.facts(calls, parent);
        // a total of zero is a file system that keeps no count, such as a tmpfs without a limit
        if (facts.totalBytes() > 0 && sizeBytes > facts.availableBytes()) {
            throw new IoFailure(
                    Kind.NO_SPACE,
                    Errno.ENOSPC.number(),
                    "create %s: %d bytes wanted, %d available on %s"
                            .formatted(file, sizeBytes, facts.availableBytes(), facts.type()));
        }
    }
}
