package kvstore.api;

import java.io.IOException;
import java.io.Serial;
import java.util.Locale;

/** A file operation that the world refused, classified once so that callers need not know errno values. */
public final class IoFailure extends IOException {
    @Serial
    private static final long serialVersionUID = 1L;

    /** What a caller can do about it. */
    public enum Kind {
        /** ENOSPC, EDQUOT: stop writing, make room. */
        NO_SPACE,
        /** EIO: this extent is lost. */
        IO,
        /** ESHUTDOWN, ENOTCONN, ESTALE, ETIMEDOUT: a server went away; the next attempt may succeed. */
        TRANSIENT,
        /** ENOENT. */
        NOT_FOUND,
        /** EEXIST. */
        EXISTS,
        /** EACCES, EPERM, EROFS. */
        DENIED,
        /** The device has not answered for long, or failed too often, and was not asked: nothing happened. */
        UNAVAILABLE,
        /** The file ends inside the extent. */
        SHORT,
        /** The file or the engine was closed before. */
        CLOSED,
        /** EFAULT: the memory handed in is no longer there, because the client that shares it has taken it away. */
        MEMORY_GONE,
        /** Anything else, EINVAL among it: alarm, it is a mistake here or in the set-up. */
        OTHER;

        /** The word used in metrics and logs. */
        public String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    private final Kind kind;
    private final int errno;

    /**
     * @param errno the number the kernel gave, or 0 where it gave none
     * @param message says the operation, the file, the extent and the errno's name
     */
    public IoFailure(Kind kind, int errno, String message) {
        super(message);
        this.kind = kind;
        this.errno = errno;
    }

    public Kind kind() {
        return kind;
    }

    public int errno() {
        return errno;
    }
}
