package kvstore.store;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** What files really take of the disk, asked from the kernel: nothing of the store's own counting is used. */
final class RealBlocks {
    @SuppressWarnings("restricted")
    private static final MethodHandle STATX = Linker.nativeLinker()
            .downcallHandle(
                    Linker.nativeLinker().defaultLookup().findOrThrow("statx"),
                    FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT, ADDRESS));

    private static final int AT_FDCWD = -100;
    private static final int AT_SYMLINK_NOFOLLOW = 0x100;
    private static final int STATX_BLOCKS = 0x400;
    private static final long STX_BLOCKS = 48;

    private RealBlocks() {}

    /** The bytes allocated to one file or directory, or -1 if there is none. */
    static long bytes(Path path) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment statx = arena.allocate(256, Long.BYTES);
            MemorySegment name = arena.allocateFrom(path.toString());
            int result = (int) STATX.invokeExact(AT_FDCWD, name, AT_SYMLINK_NOFOLLOW, STATX_BLOCKS, statx);
            return result < 0 ? -1 : statx.get(JAVA_LONG, STX_BLOCKS) * 512;
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    /** The bytes allocated to a directory and all that is in it, as {@code du} says. */
    static long under(Path directory) {
        try (Stream<Path> all = Files.walk(directory)) {
            return all.mapToLong(path -> Math.max(0, bytes(path))).sum();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
