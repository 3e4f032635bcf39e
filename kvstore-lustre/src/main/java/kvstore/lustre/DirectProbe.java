package kvstore.lustre;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.UUID;
import kvstore.api.Blocks;
import kvstore.api.IoFailure;
import kvstore.api.IoFailure.Kind;
import kvstore.api.IoPath;
import kvstore.lustre.EngineConfig.DirectMode;
import org.jspecify.annotations.Nullable;

/**
 * Finds out, with a file that is written, read back and removed, which way to the file system works.
 *
 * <p>That a file opens with {@code O_DIRECT} proves nothing: gVisor, 9p and FUSE file systems have refused the first
 * read or write after that.
 */
final class DirectProbe {
    static final long PROBE_BYTES = 4L * Blocks.BLOCK_BYTES;

    private static final int FILE_MODE = 0600;

    /**
     * What was found.
     *
     * @param reason a sentence for an operator
     */
    record Result(IoPath path, String reason) {}

    private final PosixCalls calls;
    private final FileOperations operations;
    private final Path directory;

    DirectProbe(PosixCalls calls, Path directory) {
        this.calls = calls;
        this.operations = new FileOperations(calls);
        this.directory = directory;
    }

    /**
     * Tries direct I/O unless it is off, and I/O through the page cache unless direct I/O works or is required.
     *
     * @throws IoFailure if neither works, if what is required does not, or if other bytes came back than were written
     */
    Result run(DirectMode mode) throws IoFailure {
        String type = FileSystems.facts(calls, directory).type();
        if (mode == DirectMode.OFF) {
            return buffered("direct I/O is off by configuration", type);
        }
        Attempt direct = attempt(OpenFlags.direct());
        IoFailure refusal = direct.refusal();
        if (refusal == null) {
            String found = type.equals(FileSystems.TMPFS)
                    ? "tmpfs ignores O_DIRECT: its files are memory"
                    : "O_DIRECT works on " + type + " in " + directory;
            return new Result(IoPath.ODIRECT, found + direct.sparseNote());
        }
        if (mode == DirectMode.REQUIRE) {
            throw new IoFailure(
                    refusal.kind(),
                    refusal.errno(),
                    ("direct I/O is required and %s refuses it (%s): use a directory on lustre, ext4 or xfs, or set"
                                    + " direct to auto")
                            .formatted(type, refusal.getMessage()));
        }
        return buffered("O_DIRECT is refused (" + refusal.getMessage() + ")", type);
    }

    private Result buffered(String why, String type) throws IoFailure {
        Attempt buffered = attempt(0);
        IoFailure refusal = buffered.refusal();
        if (refusal != null) {
            throw refusal;
        }
        return new Result(
                IoPath.BUFFERED,
                why + ": page cache and fdatasync on " + type + " in " + directory + buffered.sparseNote());
    }

    /**
     * How a file fared.
     *
     * @param allocates whether its space could be allocated ahead
     * @param refusal what opening it, writing or reading gave if that is not supported, else null
     */
    private record Attempt(boolean allocates, @Nullable IoFailure refusal) {
        String sparseNote() {
            return allocates ? "" : "; fallocate is not supported, files are sparse";
        }
    }

    /** Writes and reads a file, which is gone afterwards, also after a failure. */
    private Attempt attempt(int directFlag) throws IoFailure {
        Path file = directory.resolve(".kvstore-probe-" + UUID.randomUUID());
        int fd;
        try {
            int flags = OpenFlags.READ_WRITE | OpenFlags.CLOSE_ON_EXEC | directFlag;
            fd = operations.createExclusively(file, flags, FILE_MODE);
        } catch (IoFailure e) {
            return new Attempt(false, requireRefusal(e));
        }
        Attempt attempt;
        try {
            boolean allocates = operations.allocate(fd, PROBE_BYTES, file);
            attempt = new Attempt(allocates, writeAndReadBack(fd, directFlag == 0, file));
        } catch (IoFailure | RuntimeException | Error e) {
            operations.discard(fd, file, e);
            throw e;
        }
        try {
            operations.close(fd, file);
        } finally {
            // a directory in which nothing can be removed is no place for a cache: this may throw
            operations.unlink(file);
        }
        return attempt;
    }

    private static IoFailure requireRefusal(IoFailure failure) throws IoFailure {
        int errno = failure.errno();
        if (errno == Errno.EINVAL.number() || errno == Errno.EOPNOTSUPP.number() || errno == Errno.ENOSYS.number()) {
            return failure;
        }
        throw failure;
    }

    /** Returns what was refused, or null. */
    private @Nullable IoFailure writeAndReadBack(int fd, boolean sync, Path file) throws IoFailure {
        IoStats uncounted = new IoStats();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment written = arena.allocate(PROBE_BYTES, Blocks.BLOCK_BYTES);
            MemorySegment read = arena.allocate(PROBE_BYTES, Blocks.BLOCK_BYTES);
            for (long i = 0; i < PROBE_BYTES; i++) {
                written.set(ValueLayout.JAVA_BYTE, i, (byte) (i * 31 + (i >>> 16) + 7));
            }
            try {
                operations.writeFully(fd, written, 0, file, uncounted);
                if (sync) {
                    operations.sync(fd, file);
                }
                operations.readFully(fd, read, 0, file, uncounted);
            } catch (IoFailure e) {
                return requireRefusal(e);
            }
            long mismatch = written.mismatch(read);
            if (mismatch >= 0) {
                throw new IoFailure(Kind.IO, 0, file + " gave back other bytes than were written, from " + mismatch);
            }
            return null;
        }
    }
}
