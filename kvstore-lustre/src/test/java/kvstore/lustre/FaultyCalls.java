package kvstore.lustre;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Lets calls fail as a plan says. A failing call does nothing, but for a close, which closes all the same as on Linux.
 */
final class FaultyCalls extends ForwardingCalls {
    /** Direct I/O accepts parts of blocks down to this on ext4, XFS and tmpfs. */
    private static final long SECTOR_BYTES = 4096;

    /** What can go wrong with a call. */
    enum Fault {
        EINVAL(Errno.EINVAL),
        EIO(Errno.EIO),
        ENOSPC(Errno.ENOSPC),
        EINTR(Errno.EINTR),
        EAGAIN(Errno.EAGAIN),
        ESHUTDOWN(Errno.ESHUTDOWN),
        ENOTCONN(Errno.ENOTCONN),
        ESTALE(Errno.ESTALE),
        ETIMEDOUT(Errno.ETIMEDOUT),
        /** A transfer that ends early: its first half, rounded to sectors. No effect on other calls. */
        SHORT(null);

        private final @Nullable Errno errno;

        Fault(@Nullable Errno errno) {
            this.errno = errno;
        }
    }

    /** Decides about one call; asked by one thread at a time. */
    interface Plan {
        /**
         * The fault of the call number {@code index}, or null.
         *
         * @param transferBytes what a read or write asks for, 0 for other calls
         */
        @Nullable
        Fault faultOf(int index, String call, long transferBytes);
    }

    private final Plan plan;
    private final List<String> made = new ArrayList<>();
    private int injected;

    FaultyCalls(PosixCalls next, Plan plan) {
        super(next);
        this.plan = plan;
    }

    /** The names of the calls so far. */
    synchronized List<String> made() {
        return List.copyOf(made);
    }

    /** The number of calls that were made to fail so far. */
    synchronized int injected() {
        return injected;
    }

    private synchronized @Nullable Fault next(String call, long transferBytes) {
        made.add(call);
        Fault fault = plan.faultOf(made.size() - 1, call, transferBytes);
        if (fault == null || (fault == Fault.SHORT && transferBytes == 0)) {
            return null;
        }
        injected++;
        return fault;
    }

    private long call(String name, LongSupplier call) {
        Fault fault = next(name, 0);
        return fault == null || fault.errno == null ? call.getAsLong() : -fault.errno.number();
    }

    private interface Transfer {
        long of(MemorySegment memory);
    }

    private long transfer(String name, MemorySegment memory, Transfer transfer) {
        Fault fault = next(name, memory.byteSize());
        if (fault == null) {
            return transfer.of(memory);
        }
        if (fault.errno != null) {
            return -fault.errno.number();
        }
        return transfer.of(memory.asSlice(0, memory.byteSize() / 2 / SECTOR_BYTES * SECTOR_BYTES));
    }

    @Override
    public int open(Path file, int flags, int mode) {
        return (int) call("open", () -> super.open(file, flags, mode));
    }

    @Override
    public int close(int fd) {
        int closed = super.close(fd);
        return (int) call("close", () -> closed);
    }

    @Override
    public long pread(int fd, MemorySegment destination, long offset) {
        return transfer("pread", destination, memory -> super.pread(fd, memory, offset));
    }

    @Override
    public long pwrite(int fd, MemorySegment source, long offset) {
        return transfer("pwrite", source, memory -> super.pwrite(fd, memory, offset));
    }

    @Override
    public int fallocate(int fd, long sizeBytes) {
        return (int) call("fallocate", () -> super.fallocate(fd, sizeBytes));
    }

    @Override
    public int ftruncate(int fd, long sizeBytes) {
        return (int) call("ftruncate", () -> super.ftruncate(fd, sizeBytes));
    }

    @Override
    public int fdatasync(int fd) {
        return (int) call("fdatasync", () -> super.fdatasync(fd));
    }

    @Override
    public int dropCached(int fd, long offset, long length) {
        return (int) call("fadvise", () -> super.dropCached(fd, offset, length));
    }

    @Override
    public long size(int fd) {
        return call("lseek", () -> super.size(fd));
    }

    @Override
    public int unlink(Path file) {
        return (int) call("unlink", () -> super.unlink(file));
    }

    @Override
    public long blocks(Path file) {
        return call("statx", () -> super.blocks(file));
    }

    @Override
    public int statfs(Path file, MemorySegment result) {
        return (int) call("statfs", () -> super.statfs(file, result));
    }

    @Override
    public int ioctl(int fd, long request, MemorySegment argument) {
        return (int) call("ioctl", () -> super.ioctl(fd, request, argument));
    }

    @Override
    public int rename(Path from, Path to, int flags) {
        return (int) call("rename", () -> super.rename(from, to, flags));
    }

    @Override
    public int projectQuota(int fd, int project, MemorySegment result) {
        return (int) call("quotactl_fd", () -> super.projectQuota(fd, project, result));
    }

    @Override
    public int lock(int fd) {
        return (int) call("lock", () -> super.lock(fd));
    }
}
