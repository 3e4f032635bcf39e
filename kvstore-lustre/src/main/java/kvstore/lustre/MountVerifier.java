package kvstore.lustre;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import kvstore.api.Blocks;
import kvstore.api.FileSystemFacts;
import kvstore.api.IoFailure;
import kvstore.lustre.EngineConfig.DirectMode;
import kvstore.lustre.MountCheck.Verdict;

/** Asserts on a real directory what the store relies on. Every file it makes there is removed again. */
public final class MountVerifier {
    private static final int FILE_MODE = 0600;
    private static final long FILE_BYTES = 4L * Blocks.BLOCK_BYTES;
    private static final int CREATES = 200;

    private final PosixCalls calls;
    private final FileOperations operations;
    private final Path directory;
    private final List<MountCheck> checks = new ArrayList<>();

    MountVerifier(PosixCalls calls, Path directory) {
        this.calls = calls;
        this.operations = new FileOperations(calls);
        this.directory = directory;
    }

    /** Checks an empty directory of the caller's own, which the caller removes. */
    public static List<MountCheck> verify(Path directory, StripeLayout layout) {
        NativeAccess.require();
        return new MountVerifier(Libc.INSTANCE, directory).run(layout);
    }

    private interface Check {
        MountCheck run(String name) throws IoFailure;
    }

    List<MountCheck> run(StripeLayout layout) {
        check("space", "is the file system mounted?", this::space);
        check("layout", "run lfs getstripe on the directory", name -> layout(name, layout));
        check("direct I/O", "use a directory that can be written and read back", this::direct);
        check("exclusive create", "do not use this file system", this::exclusive);
        check("unlink while open", "do not use this file system", this::unlinkWhileOpen);
        check("allocation", "check quota and free space", this::allocation);
        check("rename over", "do not use this file system", this::rename);
        check("lock", "on Lustre, mount with -o flock", this::lock);
        check("metadata", "look at the load of the metadata server", this::metadata);
        return List.copyOf(checks);
    }

    private void check(String name, String cure, Check check) {
        try {
            checks.add(check.run(name));
        } catch (IoFailure e) {
            checks.add(new MountCheck(name, Verdict.FAILED, String.valueOf(e.getMessage()), cure));
        }
    }

    private static MountCheck of(String name, boolean right, String found, String change) {
        return new MountCheck(name, right ? Verdict.OK : Verdict.FAILED, found, right ? "" : change);
    }

    private MountCheck space(String name) throws IoFailure {
        FileSystemFacts facts = FileSystems.facts(calls, directory);
        return new MountCheck(
                name,
                Verdict.OK,
                "%s, %d of %d bytes available (of the project's quota where statfs shows it)"
                        .formatted(facts.type(), facts.availableBytes(), facts.totalBytes()),
                "");
    }

    private MountCheck layout(String name, StripeLayout wanted) throws IoFailure {
        DirectoryLayout.Result result = new DirectoryLayout(calls).apply(directory, wanted);
        return switch (result.outcome()) {
            case SET, KEPT -> new MountCheck(name, Verdict.OK, result.reason(), "");
            case NOT_LUSTRE, OFF -> new MountCheck(name, Verdict.NOTE, "not on Lustre: nothing to prove", "");
            case FAILED ->
                new MountCheck(name, Verdict.NOTE, result.reason(), "let an administrator run lfs setstripe");
        };
    }

    private MountCheck direct(String name) throws IoFailure {
        DirectProbe.Result result = new DirectProbe(calls, directory).run(DirectMode.AUTO);
        return switch (result.path()) {
            case ODIRECT -> new MountCheck(name, Verdict.OK, result.reason(), "");
            default -> new MountCheck(name, Verdict.NOTE, result.reason(), "use lustre, ext4 or xfs for O_DIRECT");
        };
    }

    private MountCheck exclusive(String name) throws IoFailure {
        Path file = directory.resolve("exclusive");
        return withFile(file, _ -> {
            try {
                int second =
                        operations.open(file, OpenFlags.READ_WRITE | OpenFlags.CREATE | OpenFlags.EXCLUSIVE, FILE_MODE);
                operations.close(second, file);
                return of(name, false, "a second create succeeded", "do not use this file system");
            } catch (IoFailure e) {
                return of(
                        name,
                        e.kind() == IoFailure.Kind.EXISTS,
                        "a second create gives " + Errno.nameOf(e.errno()),
                        "do not use this file system");
            }
        });
    }

    private MountCheck unlinkWhileOpen(String name) throws IoFailure {
        Path file = directory.resolve("unlinked");
        int fd = create(file);
        MountCheck result;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment written =
                    arena.allocate(Blocks.BLOCK_BYTES, Blocks.BLOCK_BYTES).fill((byte) 9);
            MemorySegment read = arena.allocate(Blocks.BLOCK_BYTES, Blocks.BLOCK_BYTES);
            operations.writeFully(fd, written, 0, file, new IoStats());
            operations.unlink(file);
            operations.readFully(fd, read, 0, file, new IoStats());
            result = of(
                    name,
                    written.mismatch(read) < 0,
                    "an open file is read after its removal",
                    "do not use this file system");
        } catch (IoFailure e) {
            operations.discard(fd, file, e);
            throw e;
        }
        operations.close(fd, file);
        return result;
    }

    private MountCheck allocation(String name) throws IoFailure {
        Path file = directory.resolve("allocated");
        return withFile(
                file,
                fd -> operations.allocate(fd, FILE_BYTES, file)
                        ? new MountCheck(name, Verdict.OK, "fallocate works", "")
                        : new MountCheck(
                                name,
                                Verdict.NOTE,
                                "fallocate is not supported: files are sparse",
                                "keep more space free"));
    }

    private MountCheck rename(String name) throws IoFailure {
        Path from = directory.resolve("from");
        Path to = directory.resolve("to");
        return withFile(to, _ -> {
            operations.close(create(from), from);
            long answer = FileOperations.uninterrupted(() -> calls.rename(from, to, 0));
            if (answer < 0) {
                IoFailure failure = Errno.failure(answer, "rename " + from);
                try {
                    operations.unlink(from);
                } catch (IoFailure e) {
                    failure.addSuppressed(e);
                }
                throw failure;
            }
            return new MountCheck(name, Verdict.OK, "rename replaces a file", "");
        });
    }

    private MountCheck lock(String name) throws IoFailure {
        Path file = directory.resolve("lock");
        return withFile(file, first -> {
            int second = operations.open(file, OpenFlags.READ_WRITE | OpenFlags.CLOSE_ON_EXEC, 0);
            long taken = FileOperations.uninterrupted(() -> calls.lock(first));
            long refused = FileOperations.uninterrupted(() -> calls.lock(second));
            operations.close(second, file);
            if (taken < 0) {
                throw Errno.failure(taken, "lock " + file);
            }
            return of(
                    name,
                    Errno.EAGAIN.is(refused) || Errno.EACCES.is(refused),
                    refused < 0
                            ? "a second lock gives " + Errno.nameOf((int) -refused)
                            : "two locks are held at the same time",
                    "on Lustre, mount with -o flock");
        });
    }

    private MountCheck metadata(String name) throws IoFailure {
        long startNanos = System.nanoTime();
        for (int i = 0; i < CREATES; i++) {
            Path file = directory.resolve("file-" + i);
            withFile(file, _ -> new MountCheck(name, Verdict.OK, "", ""));
        }
        double seconds = Math.max(1, System.nanoTime() - startNanos) / 1e9;
        return new MountCheck(
                name, Verdict.OK, "%.0f creates and unlinks a second, one at a time".formatted(CREATES / seconds), "");
    }

    private int create(Path file) throws IoFailure {
        return operations.createExclusively(file, OpenFlags.READ_WRITE | OpenFlags.CLOSE_ON_EXEC, FILE_MODE);
    }

    private interface Use {
        MountCheck of(int fd) throws IoFailure;
    }

    /** Runs with a new file, which is gone afterwards. */
    private MountCheck withFile(Path file, Use use) throws IoFailure {
        int fd = create(file);
        MountCheck result;
        try {
            result = use.of(fd);
        } catch (IoFailure | RuntimeException | Error e) {
            operations.discard(fd, file, e);
            throw e;
        }
        try {
            operations.close(fd, file);
        } finally {
            operations.unlink(file);
        }
        return result;
    }
}
