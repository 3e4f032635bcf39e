package kvstore.lustre;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.nio.file.Path;

/**
 * The C library, and the only class of this module that makes native calls. 64-bit Linux.
 *
 * <p>errno is captured by each call into memory of the calling thread, never shared: between a call's return and any
 * other Java code the runtime itself may overwrite the C variable. A segment handed to a call cannot be freed while the
 * call runs; the runtime holds its arena open.
 *
 * <p>{@link NativeAccess#require()} comes first, once.
 */
final class Libc implements PosixCalls {
    static final Libc INSTANCE = new Libc();

    /** {@code madvise} advice, of Linux {@code asm-generic/mman-common.h}. */
    static final int MADV_DONTFORK = 10;

    static final int MADV_HUGEPAGE = 14;
    static final int MADV_DONTDUMP = 16;

    private static final int SEEK_END = 2;
    private static final int POSIX_FADV_DONTNEED = 4;
    private static final int PROT_READ_WRITE = 3;
    private static final int MAP_SHARED = 0x01;
    private static final int MAP_PRIVATE_ANONYMOUS = 0x22;
    private static final int F_GET_SEALS = 1034;
    private static final int MSG_PEEK_DONTWAIT = 0x42;
    private static final int F_OFD_SETLK = 37;
    private static final short F_WRLCK = 1;
    private static final int AT_FDCWD = -100;
    private static final int AF_UNIX = 1;
    private static final int SOCK_DGRAM_CLOEXEC = 2 | 0x80000;
    private static final int MSG_DONTWAIT_NOSIGNAL = 0x40 | 0x4000;

    /** {@code statx} is the same on all architectures: {@code include/uapi/linux/{fcntl,stat}.h}. */
    private static final int AT_SYMLINK_NOFOLLOW = 0x100;

    private static final int STATX_BLOCKS = 0x400;
    private static final long STATX_BYTES = 256;
    private static final long STX_BLOCKS = 48;

    /** The C library has no function for {@code quotactl_fd}. The number is the same on all architectures. */
    private static final long SYS_QUOTACTL_FD = 443;

    /** {@code QCMD(Q_GETQUOTA, PRJQUOTA)} of {@code linux/quota.h}. */
    private static final int GET_PROJECT_QUOTA = ProjectQuotas.GET_QUOTA << 8 | ProjectQuotas.PROJECT_QUOTA;

    /** {@code struct flock} of 64-bit Linux: type, whence, start, length, process. */
    private static final long FLOCK_BYTES = 32;

    private static final Linker LINKER = Linker.nativeLinker();
    private static final StructLayout CAPTURED = Linker.Option.captureStateLayout();
    private static final VarHandle ERRNO = CAPTURED.varHandle(PathElement.groupElement("errno"));
    private static final ThreadLocal<MemorySegment> CAPTURE =
            ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(CAPTURED));

    private static final MethodHandle OPEN = handle(
            "open", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT), Linker.Option.firstVariadicArg(2));
    private static final MethodHandle CLOSE = handle("close", FunctionDescriptor.of(JAVA_INT, JAVA_INT));
    private static final MethodHandle PREAD =
            handle("pread", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_LONG));
    private static final MethodHandle PWRITE =
            handle("pwrite", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_LONG));
    private static final MethodHandle FALLOCATE =
            handle("fallocate", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG));
    private static final MethodHandle FTRUNCATE =
            handle("ftruncate", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG));
    private static final MethodHandle FDATASYNC = handle("fdatasync", FunctionDescriptor.of(JAVA_INT, JAVA_INT));
    private static final MethodHandle POSIX_FADVISE =
            handle("posix_fadvise", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT));
    private static final MethodHandle LSEEK =
            handle("lseek", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_INT));
    private static final MethodHandle UNLINK = handle("unlink", FunctionDescriptor.of(JAVA_INT, ADDRESS));
    private static final MethodHandle STATX =
            handle("statx", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT, ADDRESS));
    private static final MethodHandle STATFS = handle("statfs", FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS));
    private static final MethodHandle MMAP = handle(
            "mmap", FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG));
    private static final MethodHandle FCNTL =
            handle("fcntl", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT), Linker.Option.firstVariadicArg(2));
    private static final MethodHandle FCNTL_LOCK = handle(
            "fcntl", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS), Linker.Option.firstVariadicArg(2));
    private static final MethodHandle IOCTL = handle(
            "ioctl", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, ADDRESS), Linker.Option.firstVariadicArg(2));
    private static final MethodHandle RENAMEAT2 =
            handle("renameat2", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, ADDRESS, JAVA_INT));
    private static final MethodHandle QUOTACTL_FD = handle(
            "syscall",
            FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS),
            Linker.Option.firstVariadicArg(1));
    private static final MethodHandle MUNMAP = handle("munmap", FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG));
    private static final MethodHandle MADVISE =
            handle("madvise", FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT));
    private static final MethodHandle RECV =
            handle("recv", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT));
    private static final MethodHandle SOCKET =
            handle("socket", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT));
    private static final MethodHandle SENDTO = handle(
            "sendto", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT, ADDRESS, JAVA_INT));

    private Libc() {}

    @Override
    public int open(Path file, int flags, int mode) {
        MemorySegment capture = CAPTURE.get();
        try (Arena arena = Arena.ofConfined()) {
            return result((int) OPEN.invokeExact(capture, arena.allocateFrom(file.toString()), flags, mode), capture);
        } catch (Throwable thrown) {
            throw impossible(thrown);
        }
    }

    @Override
    public int close(int fd) {
        MemorySegment capture = CAPTURE.get();
        try {
            return result((int) CLOSE.invokeExact(capture, fd), capture);
        } catch (Throwable thrown) {
            throw impossible(thrown);
        }
    }

    @Override
    public long pread(int fd, MemorySegment destination, long offset) {
        MemorySegment capture = CAPTURE.get();
        try {
            return result((long) PREAD.invokeExact(capture, fd, destination, destination.byteSize(), offset), capture);
        } catch (Throwable thrown) {
            throw impossible(thrown);
        }
    }

    @Override
    public long pwrite(int fd, MemorySegment source, long offset) {
        MemorySegment capture = CAPTURE.get();
        try {
            return result((long) PWRITE.invokeExact(capture, fd, source, source.byteSize(), offset), capture);
        } catch (Throwable thrown) {
            throw impossible(thrown);
        }
    }

    @Override
    public int fallocate(int fd, long sizeBytes) {
        MemorySegment capture = CAPTURE.get();
        try {
            return result((int) FALLOCATE.invokeExact(capture, fd, 0, 0L, sizeBytes), capture);
        } catch (Throwable thrown) {
            throw impossible(thrown);
        }
    }

    @Override
    public int ftruncate(int fd, long sizeBytes) {
        MemorySegment capture = CAPTURE.get();
        try {
            return result((int) FTRUNCATE.invokeExact(capture, fd, sizeBytes), capture);
        } catch (Throwable thrown) {
            throw impossible(thrown);
        }
    }

    @Override
    public int fdatasync(int fd) {
        MemorySegment capture = CAPTURE.get();
        try {
            return result((int) FDATASYNC.invokeExact(capture, fd), capture);
        } catch (Throwable thrown) {
            throw impossible(thrown);
        }
    }

    @Override
    public int dropCached(int fd, long offset, long length) {
        MemorySegment capture = CAPTURE.get();
        try {
            // the one call here that returns its error number and leaves errno alone
            return -(int) POSIX_FADVISE.invokeExact(capture, fd, offset, length, POSIX_FADV_DONTNEED);
        } catch (Throwable thrown) {
            throw impossible(thrown);
        }
    }

    @Override
    public long size(int fd) {
        MemorySegment capture = CAPTURE.get();
        try {
            return result((long) LSEEK.invokeExact(capture, fd, 0L, SEEK_END), capture);
        } catch (Throwable thrown) {
            throw impossible(thrown);
        }
    }

    @Override
    public int unlink(Path file) {
        MemorySegment capture = CAPTURE.get();
        try (Arena arena = Arena.ofConfined()) {
            return result((int) UNLINK.invokeExact(capture, arena.allocateFrom(file.toString())), capture);
        } catch (Throwable thrown) {
            throw impossible(thrown);
        }
    }

    @Override
    public long blocks(Path file) {
        MemorySegment capture = CAPTURE.get();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment statx = arena.allocate(STATX_BYTES, Long.BYTES);
            int result = result(
                    (int) STATX.invokeExact(
                            capture,
                            AT_FDCWD,
                            arena.allocateFrom(file.toString()),
                            AT_SYMLINK_NOFOLLOW,
                            STATX_BLOCKS,
                            statx),
                    capture);
            return result < 0 ? result : statx.get(JAVA_LONG, STX_BLOCKS);
        } catch (Throwable thrown) {
            throw impossible(thrown);
        }
    }

    @Override
    public int statfs(Path file, MemorySegment result) {
        MemorySegment capture = CAPTURE.get();
        try (Arena arena = Arena.ofConfined()) {
            return result((int) STATFS.invokeExact(capture, arena.allocateFrom(file.toString()), result), capture);
        } catch (Throwable thrown) {
            throw impossible(thrown);
        }
    }

    @Override
    public int ioctl(int fd, long request, MemorySegment argument) {
        MemorySegment capture = CAPTURE.get();
        try {
            return result((int) IOCTL.invokeExact(capture, fd, request, argument), capture);
        } catch (Throwable thrown) {
            throw impossible(thrown);
        }
    }

    @Override
    public int rename(Path from, Path to, int flags) {
        MemorySegment capture = CAPTURE.get();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment oldName = arena.allocateFrom(from.toString());
            MemorySegment newName = arena.allocateFrom(to.toString());
            return result((int) RENAMEAT2.invokeExact(capture, AT_FDCWD, oldName, AT_FDCWD, newName, flags), capture);
        } catch (Throwable thrown) {
            throw impossible(thrown);
        }
    }

    @Override
    public int lock(int fd) {
        MemorySegment capture = CAPTURE.get();
        try (Arena arena = Arena.ofConfined()) {
            // zero is the start of the file, to its end, whatever that will be
            MemorySegment flock = arena.allocate(FLOCK_BYTES, Long.BYTES);
            flock.set(JAVA_SHORT, 0, F_WRLCK);
            return result((int) FCNTL_LOCK.invokeExact(capture, fd, F_OFD_SETLK, flock), capture);
        } catch (Throwable thrown) {
            throw impossible(thrown);
        }
    }

    @Override
    public int projectQuota(int fd, int project, MemorySegment result) {
        MemorySegment capture = CAPTURE.get();
        try {
            long answer =
                    (long) QUOTACTL_FD.invokeExact(capture, SYS_QUOTACTL_FD, fd, GET_PROJECT_QUOTA, project, result);
            return (int) result(answer, capture);
        } catch (Throwable thrown) {
            throw impossible(thrown);
        }
    }

    /**
     * Maps anonymous private memory, readable and writable.
     *
     * @return its address, or {@code -errno}; no address of user space is negative
     */
    long mapAnonymous(long sizeBytes) {
        return map(sizeBytes, MAP_PRIVATE_ANONYMOUS, -1);
    }

    /** As {@link #mapAnonymous}, for the first {@code sizeBytes} of a file that others see too. */
    long mapShared(int fd, long sizeBytes) {
        return map(sizeBytes, MAP_SHARED, fd);
    }

    private static long map(long sizeBytes, int flags, int fd) {
        MemorySegment capture = CAPTURE.get();
        try {
            return result((long) MMAP.invokeExact(capture, 0L, sizeBytes, PROT_READ_WRITE, flags, fd, 0L), capture);
        } catch (Throwable thrown) {
            throw impossible(thrown);
        }
    }

    /** The seals of a memory file ({@code fcntl}, {@code F_GET_SEALS}), or {@code -errno} where it can have none. */
    int seals(int fd) {
        MemorySegment capture = CAPTURE.get();
        try {
            return result((int) FCNTL.invokeExact(capture, fd, F_GET_SEALS), capture);
        } catch (Throwable thrown) {
            throw impossible(thrown);
        }
    }

    /** Returns 0 or {@code -errno}. Nothing may use the memory any more. */
    int munmap(long address, long sizeBytes) {
        MemorySegment capture = CAPTURE.get();
        try {
            return result((int) MUNMAP.invokeExact(capture, address, sizeBytes), capture);
        } catch (Throwable thrown) {
            throw impossible(thrown);
        }
    }

    /** Returns 0 or {@code -errno}. */
    int madvise(long address, long sizeBytes, int advice) {
        MemorySegment capture = CAPTURE.get();
        try {
            return result((int) MADVISE.invokeExact(capture, address, sizeBytes, advice), capture);
        } catch (Throwable thrown) {
            throw impossible(thrown);
        }
    }

    /** Looks at what a socket has without taking it or waiting for it; the number of bytes, or {@code -errno}. */
    long peek(int fd, MemorySegment destination) {
        MemorySegment capture = CAPTURE.get();
        try {
            return result(
                    (long) RECV.invokeExact(capture, fd, destination, destination.byteSize(), MSG_PEEK_DONTWAIT),
                    capture);
        } catch (Throwable thrown) {
            throw impossible(thrown);
        }
    }

    /** A socket for datagrams between processes of this machine, or {@code -errno}. */
    int datagramSocket() {
        MemorySegment capture = CAPTURE.get();
        try {
            return result((int) SOCKET.invokeExact(capture, AF_UNIX, SOCK_DGRAM_CLOEXEC, 0), capture);
        } catch (Throwable thrown) {
            throw impossible(thrown);
        }
    }

    /**
     * Sends one datagram without waiting, or returns {@code -errno}.
     *
     * @param address a {@code sockaddr_un}, as long as it counts
     */
    long sendTo(int fd, MemorySegment datagram, MemorySegment address) {
        MemorySegment capture = CAPTURE.get();
        try {
            return result(
                    (long) SENDTO.invokeExact(
                            capture, fd, datagram, datagram.byteSize(), MSG_DONTWAIT_NOSIGNAL, address, (int)
                                    address.byteSize()),
                    capture);
        } catch (Throwable thrown) {
            throw impossible(thrown);
        }
    }

    private static int result(int returned, MemorySegment capture) {
        return returned >= 0 ? returned : -(int) ERRNO.get(capture, 0L);
    }

    private static long result(long returned, MemorySegment capture) {
        return returned >= 0 ? returned : -(int) ERRNO.get(capture, 0L);
    }

    @SuppressWarnings("restricted")
    private static MethodHandle handle(String name, FunctionDescriptor function, Linker.Option... options) {
        Linker.Option[] all = new Linker.Option[options.length + 1];
        System.arraycopy(options, 0, all, 0, options.length);
        all[options.length] = Linker.Option.captureCallState("errno");
        return LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow(name), function, all);
    }

    /** What a downcall throws is a caller's mistake, such as memory that was freed before; nothing is checked. */
    private static AssertionError impossible(Throwable thrown) {
        if (thrown instanceof RuntimeException mistake) {
            throw mistake;
        }
        if (thrown instanceof Error error) {
            throw error;
        }
        return new AssertionError("a native call has no checked exceptions", thrown);
    }
}
