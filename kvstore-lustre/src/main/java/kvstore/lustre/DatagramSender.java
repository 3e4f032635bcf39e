package kvstore.lustre;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.locks.LockSupport;
import kvstore.api.IoFailure;
import kvstore.api.IoFailure.Kind;

/**
 * Sends datagrams to a Unix socket of another process, which Java itself has no way to do. Does not wait for long: what the receiver
 * has no room for is refused after a second. Thread-safe.
 */
public final class DatagramSender implements AutoCloseable {
    private static final short AF_UNIX = 1;

    /** {@code sun_path}, of Linux {@code linux/un.h}. */
    private static final int PATH_BYTES_MAX = 108;

    /** How often, and after what pause, it is tried again to send to a receiver that has no room: for a second in all. */
    private static final int ATTEMPTS_MAX = 1000;

    private static final long PAUSE_NANOS = 1_000_000;

    private final Arena arena = Arena.ofShared();
    private final String path;
    private final MemorySegment address;
    private final int fd;

    private DatagramSender(String path) throws IoFailure {
        this.path = path;
        byte[] bytes = path.getBytes(StandardCharsets.UTF_8);
        boolean isAbstract = isAbstract(path);
        // A path ends with a zero, which the rest of the memory is; an abstract name begins with one and has no end.
        MemorySegment whole = arena.allocate(JAVA_SHORT.byteSize() + PATH_BYTES_MAX, JAVA_SHORT.byteAlignment());
        whole.set(JAVA_SHORT, 0, AF_UNIX);
        MemorySegment.copy(bytes, 0, whole, JAVA_BYTE, JAVA_SHORT.byteSize(), bytes.length);
        if (isAbstract) {
            whole.set(JAVA_BYTE, JAVA_SHORT.byteSize(), (byte) 0);
        }
        address = whole.asSlice(0, JAVA_SHORT.byteSize() + bytes.length + (isAbstract ? 0 : 1));
        fd = Libc.INSTANCE.datagramSocket();
        if (fd < 0) {
            arena.close();
            throw Errno.failure(fd, "socket for datagrams");
        }
    }

    /**
     * Names the receiver; it need not be there yet.
     *
     * @param path of its socket; one that begins with {@code @} names an abstract socket
     * @throws IoFailure if there can be no such socket
     */
    public static DatagramSender to(String path) throws IoFailure {
        NativeAccess.require();
        boolean fits = path.getBytes(StandardCharsets.UTF_8).length < PATH_BYTES_MAX && path.indexOf('\0') < 0;
        if (!fits || !(isAbstract(path) || path.startsWith("/"))) {
            throw new IoFailure(
                    Kind.DENIED,
                    0,
                    "no Unix socket can have the name " + path + ": it begins with / or @ and is shorter than "
                            + PATH_BYTES_MAX + " bytes");
        }
        return new DatagramSender(path);
    }

    private static boolean isAbstract(String path) {
        return path.startsWith("@");
    }

    /**
     * Sends one datagram.
     *
     * @throws IoFailure if nobody receives there, or the receiver has no room
     */
    public void send(String text) throws IoFailure {
        try (Arena scratch = Arena.ofConfined()) {
            MemorySegment datagram = scratch.allocateFrom(text);
            MemorySegment message = datagram.asSlice(0, datagram.byteSize() - 1);
            long sent = Libc.INSTANCE.sendTo(fd, message, address);
            for (int attempt = 0; Errno.EAGAIN.is(sent) && attempt < ATTEMPTS_MAX; attempt++) {
                LockSupport.parkNanos(PAUSE_NANOS);
                sent = Libc.INSTANCE.sendTo(fd, message, address);
            }
            if (sent < 0) {
                throw Errno.failure(sent, "datagram to " + path);
            }
        }
    }

    @Override
    public void close() {
        int _ = Libc.INSTANCE.close(fd);
        arena.close();
    }
}
