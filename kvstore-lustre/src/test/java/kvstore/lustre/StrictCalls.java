package kvstore.lustre;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import kvstore.api.Blocks;

/**
 * What an old Lustre client on a machine with pages of 64 KiB asks of direct I/O, on any file system: whole blocks
 * only, and EINVAL for a read across an end of file that lies inside a block.
 */
final class StrictCalls extends ForwardingCalls {
    private final Set<Integer> direct = ConcurrentHashMap.newKeySet();

    StrictCalls(PosixCalls next) {
        super(next);
    }

    @Override
    public int open(Path file, int flags, int mode) {
        int fd = super.open(file, flags, mode);
        if (fd >= 0 && (flags & OpenFlags.direct()) != 0) {
            direct.add(fd);
        }
        return fd;
    }

    @Override
    public int close(int fd) {
        direct.remove(fd);
        return super.close(fd);
    }

    @Override
    public long pread(int fd, MemorySegment destination, long offset) {
        long size = Libc.INSTANCE.size(fd); // not of the next in line, which may count calls
        boolean acrossEnd = !Blocks.isAligned(size) && offset + destination.byteSize() > size;
        return isRefused(fd, destination, offset) || (direct.contains(fd) && acrossEnd)
                ? -Errno.EINVAL.number()
                : super.pread(fd, destination, offset);
    }

    @Override
    public long pwrite(int fd, MemorySegment source, long offset) {
        return isRefused(fd, source, offset) ? -Errno.EINVAL.number() : super.pwrite(fd, source, offset);
    }

    private boolean isRefused(int fd, MemorySegment memory, long offset) {
        return direct.contains(fd)
                && !(Blocks.isAligned(offset)
                        && Blocks.isAligned(memory.byteSize())
                        && Blocks.isAligned(memory.address()));
    }
}
