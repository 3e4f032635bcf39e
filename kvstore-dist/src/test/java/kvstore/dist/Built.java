package kvstore.dist;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.stream.Stream;

/** What the build left in {@code target}. */
final class Built {
    static final Path TARGET = Path.of("target").toAbsolutePath();

    private Built() {}

    /** The tree that all packages were made from. */
    static Tree tree() {
        return new Tree(TARGET.resolve("tree"));
    }

    /** A file that is packed, or made into a script. */
    static Path deploy(String file) {
        return Path.of("..", "deploy").resolve(file);
    }

    /** The one package whose name ends so. */
    static Path pack(String suffix) throws IOException {
        try (Stream<Path> found = Files.list(TARGET.resolve("packages"))) {
            return found.filter(path -> path.toString().endsWith(suffix))
                    .findFirst()
                    .orElseThrow(() -> new AssertionError("no " + suffix + ": mvn -pl kvstore-dist -am verify"));
        }
    }

    /** A release of another version, with a target of its own. */
    static Release release(String version, Path target) {
        return new Release(Path.of("..").toAbsolutePath().normalize(), target, version, Instant.EPOCH);
    }
}
