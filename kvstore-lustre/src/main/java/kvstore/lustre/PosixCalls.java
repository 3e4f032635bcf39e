package kvstore.lustre;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/**
 * The file calls that the engine needs, with the semantics of Linux: a result of zero or more is the call's own, a
 * negative one is {@code -errno}. No call here retries or throws for what the world refuses.
 *
 * <p>This is a seam: tests put faults, and the strictness of Lustre, between the engine and the kernel. Arguments are
 * those of the manual page (section 2) of the same name, unless said. All offsets and lengths are in bytes.
 */
interface PosixCalls {
    /**
     * Opens a file.
     *
     * @param flags of {@link OpenFlags}
     * @return the descriptor
     */
    int open(Path file, int flags, int mode);

    /** Closes a descriptor. It is gone afterwards also when this reports an error, and must not be closed again. */
    int close(int fd);

    /**
     * Reads into the whole of {@code destination}.
     *
     * @return the number of bytes read, which may be less; 0 at the end of the file
     */
    long pread(int fd, MemorySegment destination, long offset);

    /**
     * Writes the whole of {@code source}.
     *
     * @return the number of bytes written, which may be less
     */
    long pwrite(int fd, MemorySegment source, long offset);

    /** Allocates the first {@code sizeBytes} of a file and makes it that long at least ({@code fallocate}, mode 0). */
    int fallocate(int fd, long sizeBytes);

    int ftruncate(int fd, long sizeBytes);

    int fdatasync(int fd);

    /** Drops an extent from the page cache ({@code posix_fadvise}, {@code POSIX_FADV_DONTNEED}). */
    int dropCached(int fd, long offset, long length);

    /** The size of a file in bytes ({@code lseek}, {@code SEEK_END}). */
    long size(int fd);

    int unlink(Path file);

    /**
     * Asks how much disk a file takes ({@code statx}, {@code STATX_BLOCKS}); a symbolic link is not followed.
     *
     * @return its blocks of 512 bytes
     */
    long blocks(Path file);

    /**
     * Asks what the file system under {@code file} is.
     *
     * @param result of {@link FileSystems#STATFS}
     */
    int statfs(Path file, MemorySegment result);

    /**
     * Asks a file system for what only it knows.
     *
     * @param request of {@link Ioctl}, which says what {@code argument} is
     */
    int ioctl(int fd, long request, MemorySegment argument);

    /**
     * Renames a file ({@code renameat2}).
     *
     * @param flags 0 to replace what is there, which is all that Lustre can, or {@link OpenFlags#RENAME_NOREPLACE}
     */
    int rename(Path from, Path to, int flags);

    /**
     * Locks a file exclusively without waiting ({@code fcntl}, {@code F_OFD_SETLK}): until the descriptor is closed,
     * against other descriptors, and against the {@code F_SETLK} of other processes.
     */
    int lock(int fd);

    /**
     * Reads the quota of a project on the file system of an open file ({@code quotactl_fd}, {@code Q_GETQUOTA}).
     *
     * @param project of the file system, not zero
     * @param result of {@link ProjectQuotas#DQBLK}
     */
    int projectQuota(int fd, int project, MemorySegment result);
}
