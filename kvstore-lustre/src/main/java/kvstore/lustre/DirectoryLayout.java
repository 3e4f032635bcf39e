package kvstore.lustre;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import kvstore.api.IoFailure;

/**
 * The layout that Lustre gives new files of a directory, set and read back without Lustre's own library. On other file
 * systems nothing is done, with a reason.
 */
public final class DirectoryLayout {
    private final PosixCalls calls;
    private final FileOperations operations;

    DirectoryLayout(PosixCalls calls) {
        this.calls = calls;
        this.operations = new FileOperations(calls);
    }

    /** What became of a wish. */
    public enum Outcome {
        /** The directory had another layout, and has this one now: it was read back. */
        SET,
        /** The directory had this layout. */
        KEPT,
        /** The directory is not on Lustre. */
        NOT_LUSTRE,
        /** Nobody wants a layout. */
        OFF,
        /** Lustre refused to set it, or has another one now: files get what they inherit. */
        FAILED;

        /** The word used in metrics and by {@code kvstore stat}. */
        public String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * How a directory is laid out.
     *
     * @param found what was read, empty where there is none, or none that stripes
     * @param reason a sentence for an operator
     */
    public record Result(Outcome outcome, Optional<StripeLayout> found, String reason) {}

    /** What is read of a directory: a layout, or why there is none. */
    private record Found(Optional<StripeLayout> layout, String why) {}

    /** As {@link #apply}, for one who wants no layout. */
    static Result off() {
        return new Result(Outcome.OFF, Optional.empty(), "the layout is off by configuration");
    }

    /**
     * Gives {@code directory} a layout, unless it has it. Files that are there keep theirs.
     *
     * @throws IoFailure if the directory cannot be opened or asked
     */
    Result apply(Path directory, StripeLayout wanted) throws IoFailure {
        String type = FileSystems.facts(calls, directory).type();
        if (!type.equals(FileSystems.LUSTRE)) {
            return new Result(
                    Outcome.NOT_LUSTRE, Optional.empty(), directory + " is on " + type + ", which has no stripes");
        }
        int fd = operations.open(directory, OpenFlags.CLOSE_ON_EXEC, 0);
        Result result;
        try {
            result = apply(fd, directory, wanted);
        } catch (IoFailure | RuntimeException | Error e) {
            operations.closeAfter(fd, directory, e);
            throw e;
        }
        operations.close(fd, directory);
        return result;
    }

    private Result apply(int fd, Path directory, StripeLayout wanted) throws IoFailure {
        Found before = read(fd, directory);
        if (before.layout.equals(Optional.of(wanted))) {
            return new Result(Outcome.KEPT, before.layout, directory + " has " + wanted);
        }
        long answer;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment md = arena.allocateFrom(ValueLayout.JAVA_BYTE, LovUserMd.encode(wanted));
            answer = FileOperations.uninterrupted(() -> calls.ioctl(fd, Ioctl.LL_IOC_LOV_SETSTRIPE, md));
        }
        if (answer < 0) {
            return failed(before, directory, "cannot be set: " + Errno.nameOf((int) -answer) + cure(answer));
        }
        Found after = read(fd, directory);
        if (!after.layout.equals(Optional.of(wanted))) {
            return failed(after, directory, "was set and is not there");
        }
        return new Result(Outcome.SET, after.layout, directory + " has " + wanted + " now, before: " + before.why);
    }

    private static Result failed(Found found, Path directory, String what) {
        return new Result(
                Outcome.FAILED, found.layout, "the layout of %s %s; it has: %s".formatted(directory, what, found.why));
    }

    private static String cure(long answer) {
        if (Errno.EACCES.is(answer) || Errno.EPERM.is(answer)) {
            return " (the servers restrict it, see enable_setstripe_gid: let an administrator run lfs setstripe)";
        }
        return Errno.EINVAL.is(answer) ? " (is there such a pool, and are there as many OSTs?)" : "";
    }

    private Found read(int fd, Path directory) throws IoFailure {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment md = arena.allocate(LovUserMd.BUFFER_BYTES, Long.BYTES);
            long answer = FileOperations.uninterrupted(() -> calls.ioctl(fd, Ioctl.LL_IOC_LOV_GETSTRIPE, md));
            if (Errno.ENODATA.is(answer)) {
                return new Found(Optional.empty(), "no layout of its own");
            }
            if (answer < 0) {
                throw Errno.failure(answer, "LL_IOC_LOV_GETSTRIPE of " + directory);
            }
            StripeLayout layout = LovUserMd.decode(md);
            return new Found(Optional.of(layout), layout.toString());
        } catch (LovUserMd.UnknownLayoutException e) {
            return new Found(Optional.empty(), String.valueOf(e.getMessage()));
        }
    }
}
