package kvstore.dist;

import java.nio.file.Path;
import java.time.Instant;

/**
 * What all packages of one build have in common.
 *
 * @param root of the checkout
 * @param target where everything is written
 * @param version as Maven names it
 * @param timestamp of every file in every package, so that two builds of one commit give the same bytes
 */
record Release(Path root, Path target, String version, Instant timestamp) {
    private static final String SNAPSHOT = "-SNAPSHOT";

    /** The tree that is packed, with {@code /} at its top. */
    Path tree() {
        return target.resolve("tree");
    }

    /** Where the packages lie. */
    Path packages() {
        return target.resolve("packages");
    }

    /** A file of the checkout's {@code deploy} directory. */
    Path deploy(String file) {
        return root.resolve("deploy").resolve(file);
    }

    /** For dpkg and rpm, which both take {@code ~} for "before the release". */
    String packageVersion() {
        return version.endsWith(SNAPSHOT)
                ? version.substring(0, version.length() - SNAPSHOT.length()) + "~snapshot"
                : version;
    }
}
