package kvstore.lustre;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import kvstore.api.Blocks;
import kvstore.api.IoFailure;
import kvstore.api.IoFailure.Kind;

/** What files do, as far as the store relies on it. */
final class MountSemantics {
    private static final int BLOCK = Blocks.BLOCK_BYTES;
    private static final long FILE_BYTES = 4L * BLOCK;
    private static final String ELSEWHERE = "do not use this file system";

    private final MountFiles files;
    private final FileOperations operations;
    private final IoStats uncounted = new IoStats();

    MountSemantics(MountFiles files) {
        this.files = files;
        this.operations = files.operations();
    }

    /** Of two nodes that make the same file, one is told so. */
    MountCheck exclusiveCreate(String name) throws IoFailure {
        return files.with("exclusive", 0, (_, file) -> {
            try {
                operations.close(files.create(file, 0), file);
                return MountCheck.of(name, false, "a second create succeeded", ELSEWHERE);
            } catch (IoFailure e) {
                boolean told = e.kind() == Kind.EXISTS;
                return MountCheck.of(name, told, "a second create gives " + Errno.nameOf(e.errno()), ELSEWHERE);
            }
        });
    }

    /** A reader may still read a segment that is evicted. */
    MountCheck unlinkWhileOpen(String name) throws IoFailure {
        Path file = files.directory().resolve("unlinked");
        int fd = files.create(file, 0);
        MountCheck result;
        try (Arena arena = Arena.ofConfined()) {
            operations.writeFully(fd, block(arena, 9), 0, file, uncounted);
            operations.unlink(file);
            boolean same = holds(fd, 0, 9, file, arena);
            result = MountCheck.of(name, same, "an open file is read after its removal: " + yes(same), ELSEWHERE);
        } catch (IoFailure e) {
            operations.discard(fd, file, e);
            throw e;
        }
        operations.close(fd, file);
        return result;
    }

    /** A reader with its own descriptor sees what was acknowledged to a writer. */
    MountCheck visibility(String name, int flags) throws IoFailure {
        return files.with("visible", flags, (writer, file) -> {
            operations.allocate(writer, FILE_BYTES, file);
            int reader = files.open(file, flags);
            boolean same;
            try (Arena arena = Arena.ofConfined()) {
                operations.writeFully(writer, block(arena, 3), BLOCK, file, uncounted);
                same = holds(reader, BLOCK, 3, file, arena);
                operations.writeFully(writer, block(arena, 4), BLOCK, file, uncounted);
                same &= holds(reader, BLOCK, 4, file, arena);
            } finally {
                operations.close(reader, file);
            }
            return MountCheck.of(name, same, "another descriptor reads what was written: " + yes(same), ELSEWHERE);
        });
    }

    /** A segment's space is its own before it is written, and what was never written is zero. */
    MountCheck allocation(String name) throws IoFailure {
        return files.with("allocated", 0, (fd, file) -> {
            boolean allocated = operations.allocate(fd, FILE_BYTES, file);
            boolean right = operations.size(fd, file) == FILE_BYTES;
            try (Arena arena = Arena.ofConfined()) {
                right &= holds(fd, FILE_BYTES - BLOCK, 0, file, arena);
            }
            String found = allocated ? "fallocate works" : "fallocate is not supported: files are sparse";
            if (right && !allocated) {
                return new MountCheck(
                        name,
                        MountCheck.Verdict.NOTE,
                        found,
                        "leave more space free: a write of a segment that exists may find none");
            }
            return MountCheck.of(name, right, found + "; what was not written is zero: " + yes(right), ELSEWHERE);
        });
    }

    /** A cut file has its new size, and made longer again it has zeros, not what was there. */
    MountCheck truncation(String name) throws IoFailure {
        return files.with("truncated", 0, (fd, file) -> {
            boolean right;
            try (Arena arena = Arena.ofConfined()) {
                operations.writeFully(fd, block(arena, 5), 0, file, uncounted);
                operations.writeFully(fd, block(arena, 6), BLOCK, file, uncounted);
                truncate(fd, BLOCK, file);
                right = operations.size(fd, file) == BLOCK;
                truncate(fd, 2L * BLOCK, file);
                right &= holds(fd, 0, 5, file, arena) && holds(fd, BLOCK, 0, file, arena);
            }
            return MountCheck.of(name, right, "a file is cut, and longer again with zeros: " + yes(right), ELSEWHERE);
        });
    }

    /** The node's own file is replaced in one step, and who has the old one open keeps it. */
    MountCheck rename(String name) throws IoFailure {
        return files.with("to", 0, (old, to) -> {
            Path from = files.directory().resolve("from");
            try (Arena arena = Arena.ofConfined()) {
                operations.writeFully(old, block(arena, 1), 0, to, uncounted);
                replace(from, to, block(arena, 2));
                int now = files.open(to, 0);
                boolean right;
                try {
                    right = holds(now, 0, 2, to, arena) && holds(old, 0, 1, to, arena);
                } finally {
                    operations.close(now, to);
                }
                String found = "rename replaces a file, and its readers keep the old one: " + yes(right);
                return MountCheck.of(name, right, found, ELSEWHERE);
            }
        });
    }

    private void replace(Path from, Path to, MemorySegment content) throws IoFailure {
        int fd = files.create(from, 0);
        try {
            operations.writeFully(fd, content, 0, from, uncounted);
            long answer = FileOperations.uninterrupted(() -> files.calls().rename(from, to, 0));
            if (answer < 0) {
                throw Errno.failure(answer, "rename " + from + " to " + to);
            }
        } catch (IoFailure | RuntimeException | Error e) {
            operations.discard(fd, from, e);
            throw e;
        }
        operations.close(fd, to);
    }

    /** A second daemon is kept out of a node's directory. */
    MountCheck lock(String name) throws IoFailure {
        return files.with("lock", 0, (first, file) -> {
            int second = files.open(file, 0);
            long taken = FileOperations.uninterrupted(() -> files.calls().lock(first));
            long refused = FileOperations.uninterrupted(() -> files.calls().lock(second));
            operations.close(second, file);
            if (taken < 0) {
                throw Errno.failure(taken, "lock " + file);
            }
            String found = refused < 0
                    ? "a second lock gives " + Errno.nameOf((int) -refused)
                    : "two locks are held at the same time";
            return MountCheck.of(
                    name,
                    Errno.EAGAIN.is(refused) || Errno.EACCES.is(refused),
                    found,
                    "on Lustre, mount with -o flock");
        });
    }

    private void truncate(int fd, long sizeBytes, Path file) throws IoFailure {
        long answer = FileOperations.uninterrupted(() -> files.calls().ftruncate(fd, sizeBytes));
        if (answer < 0) {
            throw Errno.failure(answer, "ftruncate " + file + " to " + sizeBytes);
        }
    }

    private boolean holds(int fd, long offset, int value, Path file, Arena arena) throws IoFailure {
        MemorySegment read = block(arena, ~value);
        operations.readFully(fd, read, offset, file, uncounted);
        for (long i = 0; i < BLOCK; i++) {
            if (read.get(JAVA_BYTE, i) != (byte) value) {
                return false;
            }
        }
        return true;
    }

    private static MemorySegment block(Arena arena, int value) {
        return arena.allocate(BLOCK, BLOCK).fill((byte) value);
    }

    private static String yes(boolean right) {
        return right ? "yes" : "no";
    }
}
