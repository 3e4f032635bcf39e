package kvstore.gds;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;
import kvstore.gds.Availability.Available;
import org.junit.jupiter.api.Test;

/**
 * The binding, on the real library, which loads without a GPU. It is found in {@code KVSTORE_TEST_LIBCUFILE}, or in the
 * virtual environment of the Python tests, where PyTorch brings the wheel {@code nvidia-cufile}.
 */
final class RealCuFileTest {
    private static final Path ENVIRONMENT = Path.of("..", ".venv-lmcache", "lib");

    private final CuFile cuFile = load();

    @Test
    void hasEveryFunctionOfItsRelease() {
        for (CuFileFunction function : CuFileFunction.values()) {
            if (function.since() <= cuFile.version()) {
                assertThat(cuFile.has(function))
                        .as("%s of %s", function.symbol(), cuFile.version())
                        .isTrue();
            }
        }
    }

    @Test
    void hasNoFunctionOfALaterRelease() {
        for (CuFileFunction function : CuFileFunction.values()) {
            if (function.since() > cuFile.version()) {
                assertThat(cuFile.has(function))
                        .as("%s of %s", function.symbol(), cuFile.version())
                        .isFalse();
            }
        }
    }

    @Test
    void refusesAPointerThatIsNone() {
        assertThat(cuFile.version()).isGreaterThanOrEqualTo(1080);
        assertThat(cuFile.call(CuFileFunction.GET_VERSION, MemorySegment.NULL)).isEqualTo(new CuFileStatus(5022, 0));
    }

    private static CuFile load() {
        Optional<Path> library = library();
        assumeTrue(library.isPresent(), "no libcufile.so.0: set KVSTORE_TEST_LIBCUFILE, or run scripts/lmcache-venv");
        return ((Available<CuFile>) CuFile.load(library.get().toString())).value();
    }

    private static Optional<Path> library() {
        String configured = System.getenv("KVSTORE_TEST_LIBCUFILE");
        if (configured != null) {
            return Optional.of(Path.of(configured));
        }
        if (!Files.isDirectory(ENVIRONMENT)) {
            return Optional.empty();
        }
        try (Stream<Path> pythons = Files.list(ENVIRONMENT)) {
            for (Path python : pythons.toList()) {
                Path wheels = python.resolve(Path.of("site-packages", "nvidia"));
                if (!Files.isDirectory(wheels)) {
                    continue;
                }
                try (Stream<Path> found = Files.find(
                        wheels, 3, (path, _) -> path.endsWith("libcufile.so.0"), FileVisitOption.FOLLOW_LINKS)) {
                    Optional<Path> first = found.findFirst();
                    if (first.isPresent()) {
                        return first;
                    }
                }
            }
            return Optional.empty();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
