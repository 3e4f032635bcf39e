package kvstore.lustre;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** The mounts of this process, {@code /proc/self/mountinfo}: see {@code proc_pid_mountinfo(5)}. */
final class MountTable {
    private static final int MOUNT_POINT = 4;
    private static final int OPTIONS = 5;

    /** After the separator: type, source, the file system's own options. */
    private static final int SOURCE_AFTER_SEPARATOR = 2;

    private static final int FILE_SYSTEM_OPTIONS_AFTER_SEPARATOR = 3;

    /**
     * A mount.
     *
     * @param point where it is
     * @param source what is there, such as a device, or {@code 10.0.0.1@o2ib:/fs}
     * @param options of the mount and of the file system
     */
    record Mount(Path point, String source, Set<String> options) {}

    private final Path file;

    MountTable(Path file) {
        this.file = file;
    }

    static MountTable ofThisProcess() {
        return new MountTable(Path.of("/proc/self/mountinfo"));
    }

    /** The mount that a directory lies in, or empty where the table cannot be read. */
    Optional<Mount> of(Path directory) {
        Path path = directory.toAbsolutePath().normalize();
        Optional<Mount> nearest = Optional.empty();
        try {
            for (String line : Files.readAllLines(file, StandardCharsets.UTF_8)) {
                Optional<Mount> mount = parse(line).filter(found -> path.startsWith(found.point()));
                // of two at the same place, the later one is on top
                if (mount.isPresent() && (nearest.isEmpty() || isNotAbove(mount.get(), nearest.get()))) {
                    nearest = mount;
                }
            }
        } catch (IOException _) {
            return Optional.empty();
        }
        return nearest;
    }

    private static boolean isNotAbove(Mount mount, Mount other) {
        return mount.point().getNameCount() >= other.point().getNameCount();
    }

    private static Optional<Mount> parse(String line) {
        List<String> fields = List.of(line.split(" "));
        int separator = fields.indexOf("-");
        if (separator <= OPTIONS || fields.size() <= separator + FILE_SYSTEM_OPTIONS_AFTER_SEPARATOR) {
            return Optional.empty();
        }
        String options = fields.get(OPTIONS) + "," + fields.get(separator + FILE_SYSTEM_OPTIONS_AFTER_SEPARATOR);
        return Optional.of(new Mount(
                Path.of(unescaped(fields.get(MOUNT_POINT))),
                unescaped(fields.get(separator + SOURCE_AFTER_SEPARATOR)),
                Arrays.stream(options.split(",")).collect(Collectors.toUnmodifiableSet())));
    }

    /** Blanks, tabs, line ends and backslashes are octal. */
    private static String unescaped(String field) {
        return field.replace("\\040", " ")
                .replace("\\011", "\t")
                .replace("\\012", "\n")
                .replace("\\134", "\\");
    }
}
