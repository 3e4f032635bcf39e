package kvstore.lustre;

import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import kvstore.api.Blocks;

/**
 * Refuses on any file system what an old Lustre client on a machine with pages of 64 KiB refuses, with the errors that
 * it gives: direct I/O of anything but whole blocks, or across an end of file that lies inside a block (EINVAL);
 * O_TMPFILE (EOPNOTSUPP); flags of renameat2 (EINVAL, EEXIST where the kernel sees first that the name is taken). And
 * what it would do but slowly: O_APPEND with direct I/O takes locks and writes one part after the other (EINVAL here).
 */
final class StrictCalls extends ForwardingCalls {
    private final Set<Integer> direct = ConcurrentHashMap.newKeySet();

    StrictCalls(PosixCalls next) {
        super(next);
    }

    @Override
    public int open(Path file, int flags, int mode) {
        if ((flags & OpenFlags.TEMPORARY) != 0) {
            return -Errno.EOPNOTSUPP.number();
        }
        if ((flags & OpenFlags.APPEND) != 0 && (flags & OpenFlags.direct()) != 0) {
            return -Errno.EINVAL.number();
        }
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

    @Override
    public int rename(Path from, Path to, int flags) {
        if (flags == 0) {
            return super.rename(from, to, flags);
        }
        boolean taken = (flags & OpenFlags.RENAME_NOREPLACE) != 0 && Files.exists(to, LinkOption.NOFOLLOW_LINKS);
        return -(taken ? Errno.EEXIST : Errno.EINVAL).number();
    }

    private boolean isRefused(int fd, MemorySegment memory, long offset) {
        return direct.contains(fd)
                && !(Blocks.isAligned(offset)
                        && Blocks.isAligned(memory.byteSize())
                        && Blocks.isAligned(memory.address()));
    }
}
