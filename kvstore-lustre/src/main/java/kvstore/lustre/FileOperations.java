package kvstore.lustre;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.function.LongSupplier;
import kvstore.api.Blocks;
import kvstore.api.IoFailure;
import kvstore.api.IoFailure.Kind;

/**
 * Whole operations made of single {@link PosixCalls}: interrupted calls are repeated, short transfers continued, errors
 * become {@link IoFailure}s. Every loop has a bound.
 *
 * <p>Separate from the engine so that each rule can be tested with faults and without threads.
 */
final class FileOperations {
    /** Calls in a row without one whole block of progress before an operation gives up. */
    static final int FRUITLESS_CALLS_MAX = 16;

    /** What {@code stat} counts in, whatever the file system's own blocks are. */
    private static final int STAT_BLOCK_BYTES = 512;

    private final PosixCalls calls;

    FileOperations(PosixCalls calls) {
        this.calls = calls;
    }

    /** Repeats an interrupted call; the last answer, at most after {@link #FRUITLESS_CALLS_MAX}, is returned. */
    static long uninterrupted(LongSupplier call) {
        long result = call.getAsLong();
        for (int repeated = 0; Errno.EINTR.is(result) && repeated < FRUITLESS_CALLS_MAX; repeated++) {
            result = call.getAsLong();
        }
        return result;
    }

    /** Opens a file; {@code flags} of {@link OpenFlags}. */
    int open(Path file, int flags, int mode) throws IoFailure {
        return (int) required(uninterrupted(() -> calls.open(file, flags, mode)), "open " + file);
    }

    /**
     * Creates a file that must not exist, and opens it. After a failure it does not exist.
     *
     * @param flags of {@link OpenFlags}, besides those that create
     */
    int createExclusively(Path file, int flags, int mode) throws IoFailure {
        try {
            return open(file, flags | OpenFlags.CREATE | OpenFlags.EXCLUSIVE, mode);
        } catch (IoFailure e) {
            if (e.errno() == Errno.EINVAL.number()) {
                // O_DIRECT is checked when the file is already made; one that existed before would have been EEXIST
                suppressing(e, () -> removeIfThere(file));
            }
            throw e;
        }
    }

    /**
     * Closes and removes a file that could not be finished because of {@code cause}, which collects further failures.
     */
    void discard(int fd, Path file, Throwable cause) {
        closeAfter(fd, file, cause);
        suppressing(cause, () -> unlink(file));
    }

    /** Closes a descriptor because of {@code cause}, which collects a further failure. */
    void closeAfter(int fd, Path file, Throwable cause) {
        suppressing(cause, () -> close(fd, file));
    }

    /** Closes a descriptor, once: it is gone whatever the answer, and an interrupted close is done on Linux. */
    void close(int fd, Path file) throws IoFailure {
        int result = calls.close(fd);
        if (!Errno.EINTR.is(result)) {
            required(result, "close " + file);
        }
    }

    long size(int fd, Path file) throws IoFailure {
        return required(uninterrupted(() -> calls.size(fd)), "lseek " + file);
    }

    /** The bytes of disk that a file takes, as {@code du} counts them. */
    long allocatedBytes(Path file) throws IoFailure {
        return required(uninterrupted(() -> calls.blocks(file)), "statx " + file) * STAT_BLOCK_BYTES;
    }

    void unlink(Path file) throws IoFailure {
        required(uninterrupted(() -> calls.unlink(file)), "unlink " + file);
    }

    void sync(int fd, Path file) throws IoFailure {
        required(uninterrupted(() -> calls.fdatasync(fd)), "fdatasync " + file);
    }

    /** Frees the page cache of an extent. It is a hint, so an error changes nothing. */
    void dropCached(int fd, long offset, long length) {
        long _ = calls.dropCached(fd, offset, length);
    }

    /**
     * Makes an empty file {@code sizeBytes} long, with its space allocated where the file system can do that.
     *
     * @return whether the space is allocated; else the file is sparse, and a later write may find no space
     */
    boolean allocate(int fd, long sizeBytes, Path file) throws IoFailure {
        long result = uninterrupted(() -> calls.fallocate(fd, sizeBytes));
        if (Errno.EOPNOTSUPP.is(result) || Errno.ENOSYS.is(result)) {
            required(uninterrupted(() -> calls.ftruncate(fd, sizeBytes)), "ftruncate " + file + " to " + sizeBytes);
            return false;
        }
        required(result, "fallocate " + file + " with " + sizeBytes + " bytes");
        return true;
    }

    /**
     * Fills {@code memory}, whole blocks, from the file at {@code offset}, a block boundary.
     *
     * @throws IoFailure {@code SHORT} if the file ends before
     */
    void readFully(int fd, MemorySegment memory, long offset, Path file, IoStats stats) throws IoFailure {
        transfer(true, fd, memory, offset, file, stats);
    }

    /** Writes all of {@code memory}, whole blocks, to the file at {@code offset}, a block boundary. */
    void writeFully(int fd, MemorySegment memory, long offset, Path file, IoStats stats) throws IoFailure {
        transfer(false, fd, memory, offset, file, stats);
    }

    private void transfer(boolean reading, int fd, MemorySegment memory, long offset, Path file, IoStats stats)
            throws IoFailure {
        long length = memory.byteSize();
        long done = 0;
        int fruitless = 0;
        while (true) {
            MemorySegment rest = done == 0 ? memory : memory.asSlice(done);
            long count = reading ? calls.pread(fd, rest, offset + done) : calls.pwrite(fd, rest, offset + done);
            if (count == rest.byteSize()) {
                return;
            }
            long reached = wholeBlocks(done, count);
            if (reached == done) {
                String what = "%s %s [%d, +%d)".formatted(reading ? "pread" : "pwrite", file, offset, length);
                if (reading && isAtEnd(count, fd, offset + length)) {
                    throw new IoFailure(Kind.SHORT, 0, what + ": the file ends before");
                }
                if ((count < 0 && !Errno.EINTR.is(count)) || ++fruitless > FRUITLESS_CALLS_MAX) {
                    throw stuck(count, what);
                }
            } else {
                fruitless = 0;
            }
            done = reached;
            stats.continued();
        }
    }

    /**
     * Whether a read that brought no whole block met the end of the file. EINVAL counts: Lustre up to 2.15 gives it for
     * a direct read across an end inside a block.
     */
    private boolean isAtEnd(long count, int fd, long extentEnd) {
        if (count < 0 && !Errno.EINVAL.is(count)) {
            return false;
        }
        long size = uninterrupted(() -> calls.size(fd));
        return size >= 0 && size < extentEnd;
    }

    private void removeIfThere(Path file) throws IoFailure {
        long result = uninterrupted(() -> calls.unlink(file));
        if (!Errno.ENOENT.is(result)) {
            required(result, "unlink " + file);
        }
    }

    private interface Step {
        void run() throws IoFailure;
    }

    private static void suppressing(Throwable cause, Step step) {
        try {
            step.run();
        } catch (IoFailure e) {
            cause.addSuppressed(e);
        }
    }

    /**
     * Where to go on after a short transfer: a part of a block is done again, because direct I/O starts at a boundary.
     */
    private static long wholeBlocks(long done, long count) {
        return count <= 0 ? done : (done + count) / Blocks.BLOCK_BYTES * Blocks.BLOCK_BYTES;
    }

    private static IoFailure stuck(long count, String what) {
        return count < 0 ? Errno.failure(count, what) : new IoFailure(Kind.IO, 0, what + ": it stopped moving bytes");
    }

    private static long required(long result, String what) throws IoFailure {
        if (result < 0) {
            throw Errno.failure(result, what);
        }
        return result;
    }
}
