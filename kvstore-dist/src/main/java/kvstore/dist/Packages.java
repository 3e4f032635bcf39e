package kvstore.dist;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;

/** Builds all packages. Started by this module's build. */
public final class Packages {
    private static final int ARGUMENTS = 5;

    private Packages() {}

    /**
     * Builds them.
     *
     * @param arguments the checkout's root, where to write, the version, the time of every file, the image's base or nothing
     */
    public static void main(String[] arguments) throws Exception {
        if (arguments.length < ARGUMENTS - 1) {
            throw new IllegalArgumentException(
                    "usage: ROOT TARGET VERSION TIMESTAMP [BASE], not " + List.of(arguments));
        }
        Release release = new Release(
                Path.of(arguments[0]).toRealPath(),
                Path.of(arguments[1]).toRealPath(),
                arguments[2],
                Instant.parse(arguments[3]));
        clear(release.packages());
        Files.createDirectories(release.packages());
        Tree tree = TreeBuilder.build(release);
        Deb.write(release, tree);
        Rpm.write(release, tree);
    }

    static void clear(Path directory) throws IOException {
        if (!Files.exists(directory)) {
            return;
        }
        List<Path> deepestFirst;
        try (Stream<Path> found = Files.walk(directory)) {
            deepestFirst = found.sorted((a, b) -> b.compareTo(a)).toList();
        }
        for (Path path : deepestFirst) {
            Files.delete(path);
        }
    }
}
