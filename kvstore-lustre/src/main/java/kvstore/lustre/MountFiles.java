package kvstore.lustre;

import java.nio.file.Path;
import kvstore.api.IoFailure;
import kvstore.api.IoFailure.Kind;

/** The files of {@link MountVerifier}'s checks: new ones, of the caller's directory, each gone after its check. */
final class MountFiles {
    private static final int FILE_MODE = 0600;

    private final PosixCalls calls;
    private final FileOperations operations;
    private final Path directory;
    private volatile boolean stopped;

    MountFiles(PosixCalls calls, Path directory) {
        this.calls = calls;
        this.operations = new FileOperations(calls);
        this.directory = directory;
    }

    /** What a check does with a file that is open. */
    interface Use {
        MountCheck of(int fd, Path file) throws IoFailure;
    }

    PosixCalls calls() {
        return calls;
    }

    FileOperations operations() {
        return operations;
    }

    Path directory() {
        return directory;
    }

    /** From now on no file is made, and loops end. */
    void stop() {
        stopped = true;
    }

    /** @throws IoFailure if it was stopped */
    void requireRunning() throws IoFailure {
        if (stopped) {
            throw new IoFailure(Kind.CLOSED, 0, "interrupted");
        }
    }

    /**
     * Makes and opens a file.
     *
     * @param flags of {@link OpenFlags}, besides those to write and to create
     */
    int create(Path file, int flags) throws IoFailure {
        requireRunning();
        return operations.createExclusively(file, OpenFlags.READ_WRITE | OpenFlags.CLOSE_ON_EXEC | flags, FILE_MODE);
    }

    /** Opens a file that is there, to read and write. */
    int open(Path file, int flags) throws IoFailure {
        return operations.open(file, OpenFlags.READ_WRITE | OpenFlags.CLOSE_ON_EXEC | flags, FILE_MODE);
    }

    /** Runs with a new file. */
    MountCheck with(String name, int flags, Use use) throws IoFailure {
        Path file = directory.resolve(name);
        int fd = create(file, flags);
        MountCheck result;
        try {
            result = use.of(fd, file);
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
