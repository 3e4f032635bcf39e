package kvstore.lustre;

import java.util.Arrays;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import kvstore.api.IoFailure;
import kvstore.api.IoFailure.Kind;

/**
 * The error numbers of Linux that file calls give, and what a caller can do about each. Source: Linux
 * {@code include/uapi/asm-generic/errno.h}, valid for all architectures of {@link OpenFlags}. ENODATA, EILSEQ and
 * EREMOTEIO are how the block layer names a bad medium, a failed protection check and a failed target.
 */
enum Errno {
    EPERM(1, Kind.DENIED),
    ENOENT(2, Kind.NOT_FOUND),
    ESRCH(3, Kind.OTHER),
    EINTR(4, Kind.TRANSIENT),
    EIO(5, Kind.IO),
    EBADF(9, Kind.OTHER),
    EAGAIN(11, Kind.TRANSIENT),
    ENOMEM(12, Kind.OTHER),
    EACCES(13, Kind.DENIED),
    EFAULT(14, Kind.MEMORY_GONE),
    EBUSY(16, Kind.OTHER),
    EEXIST(17, Kind.EXISTS),
    ENODEV(19, Kind.OTHER),
    ENOTDIR(20, Kind.NOT_FOUND),
    EISDIR(21, Kind.OTHER),
    EINVAL(22, Kind.OTHER),
    ENFILE(23, Kind.OTHER),
    EMFILE(24, Kind.OTHER),
    ENOTTY(25, Kind.OTHER),
    EFBIG(27, Kind.OTHER),
    ENOSPC(28, Kind.NO_SPACE),
    EROFS(30, Kind.DENIED),
    ENAMETOOLONG(36, Kind.OTHER),
    ENOSYS(38, Kind.OTHER),
    ENODATA(61, Kind.IO),
    EILSEQ(84, Kind.IO),
    EOPNOTSUPP(95, Kind.OTHER),
    ENETDOWN(100, Kind.TRANSIENT),
    ENETUNREACH(101, Kind.TRANSIENT),
    ECONNABORTED(103, Kind.TRANSIENT),
    ECONNRESET(104, Kind.TRANSIENT),
    ENOTCONN(107, Kind.TRANSIENT),
    ESHUTDOWN(108, Kind.TRANSIENT),
    ETIMEDOUT(110, Kind.TRANSIENT),
    ECONNREFUSED(111, Kind.TRANSIENT),
    EHOSTDOWN(112, Kind.TRANSIENT),
    EHOSTUNREACH(113, Kind.TRANSIENT),
    ESTALE(116, Kind.TRANSIENT),
    EREMOTEIO(121, Kind.IO),
    EDQUOT(122, Kind.NO_SPACE);

    private static final Map<Integer, Errno> BY_NUMBER =
            Arrays.stream(values()).collect(Collectors.toUnmodifiableMap(Errno::number, Function.identity()));

    private final int number;
    private final Kind kind;

    Errno(int number, Kind kind) {
        this.number = number;
        this.kind = kind;
    }

    int number() {
        return number;
    }

    /** Whether {@code result}, of a call of {@link PosixCalls}, is this error. */
    boolean is(long result) {
        return result == -number;
    }

    static String nameOf(int number) {
        Errno errno = BY_NUMBER.get(number);
        return errno == null ? "errno " + number : errno.name();
    }

    static Kind kindOf(int number) {
        Errno errno = BY_NUMBER.get(number);
        return errno == null ? Kind.OTHER : errno.kind;
    }

    /**
     * The failure that a negative result means.
     *
     * @param result {@code -errno}
     * @param what the call, the file and the extent
     */
    static IoFailure failure(long result, String what) {
        int number = Math.toIntExact(-result);
        return new IoFailure(kindOf(number), number, what + ": " + nameOf(number));
    }
}
