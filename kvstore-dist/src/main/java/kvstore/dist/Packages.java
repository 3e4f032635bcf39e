package kvstore.dist;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;

/** Builds all packages. Started by this module's build. */
public final class Packages {
    private static final int ARGUMENTS = 5;

    private Packages() {}

    /**
     * Builds them.
     *
     * @param arguments the checkout's root, where to write, the version, the time of every file, the image's base
     */
    public static void main(String[] arguments) throws Exception {
        if (arguments.length != ARGUMENTS) {
            throw new IllegalArgumentException("usage: ROOT TARGET VERSION TIMESTAMP BASE, not " + List.of(arguments));
        }
        Release release = new Release(
                Path.of(arguments[0]).toRealPath(),
                Path.of(arguments[1]).toRealPath(),
                arguments[2],
                Instant.parse(arguments[3]));
        clear(release.packages());
        Files.createDirectories(release.packages());
        Tree tree = TreeBuilder.build(release);
        List<Callable<Path>> formats = List.of(
                () -> OciImage.write(release, tree, arguments[4]),
                () -> Deb.write(release, tree),
                () -> Rpm.write(release, tree));
        // each compresses 98 MB on one core
        try (ExecutorService threads = Executors.newFixedThreadPool(formats.size())) {
            for (Future<Path> done : threads.invokeAll(formats)) {
                done.get();
            }
        }
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
