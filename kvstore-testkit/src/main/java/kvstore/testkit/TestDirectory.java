package kvstore.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** A directory on a file system of the test's choice, and what the process holds open there. */
public final class TestDirectory implements AutoCloseable {
    /** The module's build directory: the file system that the developer builds on. */
    public static final Path BUILD = Path.of("target").toAbsolutePath();

    private final Path path;

    private TestDirectory(Path path) {
        this.path = path;
    }

    public static TestDirectory under(Path parent) {
        try {
            Files.createDirectories(parent);
            return new TestDirectory(
                    Files.createTempDirectory(parent, "kvstore-test-").toRealPath());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public Path path() {
        return path;
    }

    /** The files in it. */
    public List<Path> files() {
        try (Stream<Path> files = Files.list(path)) {
            return files.toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The files in it that this process has open, removed ones too. */
    public List<String> openDescriptors() {
        try (Stream<Path> descriptors = Files.list(Path.of("/proc/self/fd"))) {
            return descriptors
                    .map(TestDirectory::target)
                    .filter(target -> target.startsWith(path.toString()))
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String target(Path descriptor) {
        try {
            return Files.readSymbolicLink(descriptor).toString();
        } catch (NoSuchFileException _) {
            return ""; // closed since it was listed, as the listing's own one is
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        try (Stream<Path> files = Files.walk(path)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
