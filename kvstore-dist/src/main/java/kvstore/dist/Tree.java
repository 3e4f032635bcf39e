package kvstore.dist;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Files as they will lie on a machine. Everything belongs to root; what is below {@code etc} is configuration, which an
 * upgrade leaves alone when it was edited.
 */
final class Tree {
    private static final Path CONFIGURATION = Path.of("etc");

    private final Path top;

    /** On a directory that stands for {@code /}. */
    Tree(Path top) {
        this.top = top;
    }

    /** The directory that stands for {@code /}. */
    Path top() {
        return top;
    }

    /**
     * One file or directory.
     *
     * @param source where it lies now
     * @param path where it will lie, relative to {@code /}
     */
    record Entry(Path source, Path path) {
        boolean isDirectory() {
            return Files.isDirectory(source, LinkOption.NOFOLLOW_LINKS);
        }

        boolean isLink() {
            return Files.isSymbolicLink(source);
        }

        boolean isConfiguration() {
            return !isDirectory() && path.startsWith(CONFIGURATION);
        }

        /** Permission bits. Only whether its owner may execute it is taken from the file: the rest depends on a umask. */
        int mode() {
            return isDirectory() || isExecutable() ? 0755 : 0644;
        }

        private boolean isExecutable() {
            try {
                Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(source);
                return permissions.contains(PosixFilePermission.OWNER_EXECUTE);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    /** All that is in it, each directory before what is in it, in an order that only depends on the names. */
    List<Entry> entries() throws IOException {
        try (Stream<Path> found = Files.walk(top)) {
            return found.filter(path -> !path.equals(top))
                    .sorted()
                    .map(path -> new Entry(path, top.relativize(path)))
                    .toList();
        }
    }
}
