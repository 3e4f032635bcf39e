package kvstore.dist;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermission;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import kvstore.bench.CleanUp;
import kvstore.bench.DaemonLauncher;
import kvstore.bench.DaemonProcess;
import kvstore.testkit.Programs;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The life of the Debian package in a root that has nothing else: dpkg runs its scripts without a chroot, and they keep to the
 * directory that it names. Not as root, dpkg runs under fakeroot.
 */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
final class DebTest {
    private static final String CONFIGURATION = "etc/kvstore/kvstore.yaml";

    @TempDir
    static Path directory;

    private static Path older;

    @TempDir
    private Path root;

    @BeforeAll
    static void makeAnOlderVersion() throws IOException {
        Programs.require("dpkg", "dpkg");
        Release release = Built.release("0.0.9", directory);
        Files.createDirectories(release.packages());
        Tree tree = copy(Built.tree(), directory.resolve("older"));
        Path configuration = tree.top().resolve(CONFIGURATION);
        Files.writeString(configuration, Files.readString(configuration) + "\n# of an older version\n");
        Files.writeString(tree.top().resolve("usr/lib/kvstore/build-id"), "0123456789abcdef\n");
        Files.writeString(tree.top().resolve("usr/lib/kvstore/only-in-older"), "");
        older = Deb.write(release, tree);
    }

    @BeforeEach
    void makeAnEmptyRoot() throws IOException {
        Files.createDirectories(root.resolve("var/lib/dpkg/updates"));
        Files.createDirectories(root.resolve("var/lib/dpkg/info"));
        Files.createFile(root.resolve("var/lib/dpkg/status"));
        Files.createFile(root.resolve("var/lib/dpkg/available"));
    }

    @Test
    void livesFromInstallationOverUpgradeToPurge() throws Exception {
        byte[] value = new byte[3_000_001];
        new Random(7).nextBytes(value);

        dpkg("--install", older.toString());
        assertThat(root.resolve("var/cache/kvstore/serve-0123456789abcdef.aot")).isRegularFile();
        assertThat(root.resolve("etc/passwd")).content().contains("kvstore:");
        assertThat(root.resolve("etc/kvstore")).isDirectory();
        // the service manager does, as its StateDirectory
        Files.createDirectories(pool().getParent());
        withDaemon(daemon -> {
            put(daemon, "m@1", value);
            assertThat(get(daemon, "m@1")).isEqualTo(value);
        });

        Path configuration = root.resolve(CONFIGURATION);
        String edited = Files.readString(configuration) + "\n# edited\n";
        Files.writeString(configuration, edited);
        dpkg(
                "--force-confdef",
                "--force-confold",
                "--install",
                Built.pack(".deb").toString());
        assertThat(configuration).content().isEqualTo(edited);
        assertThat(root.resolve("usr/lib/kvstore/only-in-older")).doesNotExist();
        assertThat(aotCaches()).singleElement().isEqualTo("serve-" + buildId() + ".aot");
        withDaemon(daemon -> {
            assertThat(get(daemon, "m@1")).as("stored by the older version").isEqualTo(value);
            put(daemon, "m@2", value);
            assertThat(get(daemon, "m@2")).isEqualTo(value);
        });

        dpkg("--remove", "kvstore");
        assertThat(root.resolve("usr/lib/kvstore")).doesNotExist();
        assertThat(root.resolve("usr/bin/kvstore")).doesNotExist();
        assertThat(root.resolve("var/cache/kvstore")).doesNotExist();
        assertThat(configuration).content().isEqualTo(edited);
        assertThat(pool()).isNotEmptyDirectory();

        dpkg("--purge", "kvstore");
        assertThat(root.resolve("etc/kvstore")).doesNotExist();
        assertThat(root.resolve("var/lib/kvstore")).doesNotExist();
        assertThat(Run.output("dpkg", "--root=" + root, "--list")).doesNotContain("kvstore");
    }

    @Test
    void aTrainingThatFailsDoesNotFailTheInstallation() throws Exception {
        // where the directory of the cache should be
        Files.createDirectories(root.resolve("var/cache"));
        Files.writeString(root.resolve("var/cache/kvstore"), "");

        dpkg("--install", Built.pack(".deb").toString());

        assertThat(Run.output(program(), "--version")).startsWith("kvstore ");
    }

    @Test
    void everyFileIsThatOfTheTreeAndBelongsToRoot() throws Exception {
        Path unpacked = root.resolve("unpacked");
        Run.output("dpkg-deb", "--extract", Built.pack(".deb").toString(), unpacked.toString());

        assertThat(Run.output(
                        "diff",
                        "--recursive",
                        "--no-dereference",
                        Built.tree().top().toString(),
                        unpacked.toString()))
                .isEmpty();
        assertThat(Run.output("dpkg-deb", "--contents", Built.pack(".deb").toString())
                        .lines())
                .allMatch(line -> line.contains(" root/root "));
        for (Tree.Entry entry : new Tree(unpacked).entries()) {
            if (!entry.isLink()) {
                assertThat(Files.getPosixFilePermissions(entry.source()))
                        .as("%s", entry.path())
                        .doesNotContain(PosixFilePermission.GROUP_WRITE, PosixFilePermission.OTHERS_WRITE);
            }
        }
    }

    private interface Steps {
        void run(DaemonProcess daemon) throws Exception;
    }

    /** With the package's configuration, but a pool in this root and little memory. */
    private void withDaemon(Steps steps) throws Exception {
        try (CleanUp cleanUp = new CleanUp()) {
            Path log = directory.resolve("daemon.log");
            DaemonProcess daemon = DaemonProcess.start(
                    // with this the JVM refuses to start where the AOT cache is missing or does not fit
                    new DaemonLauncher(List.of(
                            "env",
                            "JAVA_TOOL_OPTIONS=-XX:AOTMode=on",
                            program(),
                            "serve",
                            "--config",
                            root.resolve(CONFIGURATION).toString())),
                    new DaemonProcess.Setup(
                            pool(), directory.resolve("kvstore.sock"), log, List.of("memory.slab-size=64MiB"), false),
                    cleanUp);
            steps.run(daemon);
            daemon.stop();
            assertThat(log).content().doesNotContain("[warning]");
        }
    }

    private void put(DaemonProcess daemon, String key, byte[] value) throws Exception {
        Path file = Files.write(directory.resolve("in"), value);
        Run.output(
                program(),
                "put",
                key,
                file.toString(),
                "--target",
                daemon.target().toString());
    }

    private byte[] get(DaemonProcess daemon, String key) throws Exception {
        Path file = directory.resolve("out");
        Files.deleteIfExists(file);
        Run.output(
                program(),
                "get",
                key,
                file.toString(),
                "--target",
                daemon.target().toString());
        return Files.readAllBytes(file);
    }

    private String program() {
        return root.resolve("usr/bin/kvstore").toString();
    }

    private Path pool() {
        return root.resolve("var/lib/kvstore/pool");
    }

    private String buildId() throws IOException {
        return Files.readString(root.resolve("usr/lib/kvstore/build-id")).strip();
    }

    private List<String> aotCaches() throws IOException {
        try (Stream<Path> found = Files.list(root.resolve("var/cache/kvstore"))) {
            return found.map(path -> path.getFileName().toString()).toList();
        }
    }

    private void dpkg(String... arguments) throws Exception {
        List<String> command = new ArrayList<>();
        if (!"root".equals(System.getProperty("user.name"))) {
            command.add(Programs.require("fakeroot", "fakeroot").toString());
        }
        // what it depends on is not in this root
        command.addAll(List.of(
                "dpkg",
                "--root=" + root,
                "--force-script-chrootless",
                "--force-depends",
                "--force-bad-path",
                "--log=" + root.resolve("dpkg.log")));
        command.addAll(List.of(arguments));
        Run.output(command.toArray(String[]::new));
    }

    private static Tree copy(Tree tree, Path target) throws IOException {
        Files.createDirectories(target);
        for (Tree.Entry entry : tree.entries()) {
            Files.copy(
                    entry.source(),
                    target.resolve(entry.path().toString()),
                    StandardCopyOption.COPY_ATTRIBUTES,
                    LinkOption.NOFOLLOW_LINKS);
        }
        return new Tree(target);
    }
}
