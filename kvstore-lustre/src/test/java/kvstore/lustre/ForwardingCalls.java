package kvstore.lustre;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/** Hands every call on; a test overrides the ones it wants to disturb. */
class ForwardingCalls implements PosixCalls {
    private final PosixCalls next;

    ForwardingCalls(PosixCalls next) {
        this.next = next;
    }

    @Override
    public int open(Path file, int flags, int mode) {
        return next.open(file, flags, mode);
    }

    @Override
    public int close(int fd) {
        return next.close(fd);
    }

    @Override
    public long pread(int fd, MemorySegment destination, long offset) {
        return next.pread(fd, destination, offset);
    }

    @Override
    public long pwrite(int fd, MemorySegment source, long offset) {
        return next.pwrite(fd, source, offset);
    }

    @Override
    public int fallocate(int fd, long sizeBytes) {
        return next.fallocate(fd, sizeBytes);
    }

    @Override
    public int ftruncate(int fd, long sizeBytes) {
        return next.ftruncate(fd, sizeBytes);
    }

    @Override
    public int fdatasync(int fd) {
        return next.fdatasync(fd);
    }

    @Override
    public int dropCached(int fd, long offset, long length) {
        return next.dropCached(fd, offset, length);
    }

    @Override
    public long size(int fd) {
        return next.size(fd);
    }

    @Override
    public int unlink(Path file) {
        return next.unlink(file);
    }

    @Override
    public long blocks(Path file) {
        return next.blocks(file);
    }

    @Override
    public int statfs(Path file, MemorySegment result) {
        return next.statfs(file, result);
    }

    @Override
    public int ioctl(int fd, long request, MemorySegment argument) {
        return next.ioctl(fd, request, argument);
    }

    @Override
    public int rename(Path from, Path to, int flags) {
        return next.rename(from, to, flags);
    }

    @Override
    public int lock(int fd) {
        return next.lock(fd);
    }

    @Override
    public int projectQuota(int fd, int project, MemorySegment result) {
        return next.projectQuota(fd, project, result);
    }
}
