package kvstore.testkit;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;

/** Programs of others that tests run, and that a machine need not have. {@code scripts/debian-tools} brings them. */
public final class Programs {
    /** Set where all of them are there, so that none of their tests is skipped by mistake. */
    private static final String COMPLETE = "KVSTORE_TEST_COMPLETE";

    private Programs() {}

    /**
     * Finds a program on the PATH, and ends the test where there is none: as skipped, or as failed where the environment
     * says that all are there.
     *
     * @param debianPackage what to install
     */
    public static Path require(String name, String debianPackage) {
        Optional<Path> program = Arrays.stream(
                        System.getenv().getOrDefault("PATH", "").split(":"))
                .map(directory -> Path.of(directory, name))
                .filter(Files::isExecutable)
                .findFirst();
        String missing = "no " + name + ": apt-get install " + debianPackage;
        if (program.isEmpty() && System.getenv(COMPLETE) != null) {
            throw new AssertionError(missing);
        }
        assumeTrue(program.isPresent(), missing);
        return program.orElseThrow();
    }
}
