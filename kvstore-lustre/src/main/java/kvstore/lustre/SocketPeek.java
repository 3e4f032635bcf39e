package kvstore.lustre;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Looks at the first byte that waits in a socket and leaves it there. Whether a message brings a descriptor decides how it
 * has to be read, and a read of the one kind loses what the other would have seen.
 */
public final class SocketPeek {
    private SocketPeek() {}

    /** Returns the byte as a number from 0 to 255, or -1 if none is there, now or ever. Does not wait. */
    public static int firstByte(int fd) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment first = arena.allocate(1);
            return Libc.INSTANCE.peek(fd, first) == 1 ? Byte.toUnsignedInt(first.get(ValueLayout.JAVA_BYTE, 0)) : -1;
        }
    }
}
