package kvstore.dist;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import kvstore.testkit.Programs;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What rpm itself says of the package, and does with it in a root that has nothing else; its scripts would need a chroot. */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
final class RpmTest {
    private static final String CONFIGURATION = "etc/kvstore/kvstore.yaml";

    @TempDir
    private Path directory;

    @BeforeAll
    static void requireRpm() {
        Programs.require("rpm", "rpm");
    }

    @Test
    void isWhole() throws Exception {
        assertThat(Run.output("rpm", "--checksig", rpm())).endsWith("digests OK\n");
        assertThat(query("--configfiles")).containsExactly("/" + CONFIGURATION);
        assertThat(query("--requires")).contains("bash", "coreutils", "glibc >= 2.17");
        assertThat(query("--queryformat", "%{NAME} %{ARCH} %{LICENSE}\n"))
                .containsExactly("kvstore " + Machine.current().kernel() + " Apache-2.0");
    }

    /** Other directories, such as /usr/bin, belong to other packages. */
    @Test
    void ownsItsFilesAndItsOwnDirectories() throws Exception {
        List<String> expected = new ArrayList<>();
        for (Tree.Entry entry : Built.tree().entries()) {
            if (!entry.isDirectory() || entry.path().toString().contains("kvstore")) {
                expected.add("/" + entry.path());
            }
        }

        assertThat(query("--list")).containsExactlyInAnyOrderElementsOf(expected);
    }

    @Test
    void anUpgradeLeavesAnEditedConfigurationAlone() throws Exception {
        Path root = Files.createDirectory(directory.resolve("root"));
        rpm(root, "--install", older().toString());
        Path configuration = root.resolve(CONFIGURATION);
        String edited = Files.readString(configuration) + "# edited\n";
        Files.writeString(configuration, edited);

        rpm(root, "--upgrade", rpm());

        assertThat(configuration).content().isEqualTo(edited);
        assertThat(root.resolve(CONFIGURATION + ".rpmnew")).exists();
        assertThat(Run.output(root.resolve("usr/bin/kvstore").toString(), "--version"))
                .startsWith("kvstore ");
        assertThat(Run.output(
                        "diff",
                        "--recursive",
                        "--no-dereference",
                        root.resolve("usr").toString(),
                        Built.tree().top().resolve("usr").toString()))
                .isEmpty();

        rpm(root, "--erase", "kvstore");
        assertThat(root.resolve("usr/lib/kvstore")).doesNotExist();
        assertThat(root.resolve(CONFIGURATION + ".rpmsave")).content().isEqualTo(edited);
    }

    @ParameterizedTest
    @ValueSource(strings = {"pre", "post", "preun", "postun"})
    void scriptsAreWellFormed(String name) throws Exception {
        Run.output("sh", "-n", Built.deploy("packages/rpm/" + name).toString());
    }

    private Path older() throws IOException {
        Release release = Built.release("0.0.9", directory);
        Files.createDirectories(release.packages());
        Path tree = Files.createDirectories(release.tree());
        Path configuration = tree.resolve(CONFIGURATION);
        Files.createDirectories(configuration.getParent());
        Files.writeString(configuration, "# of an older version\n");
        return Rpm.write(release, new Tree(tree));
    }

    private static void rpm(Path root, String... arguments) throws Exception {
        List<String> command = new ArrayList<>();
        if (!"root".equals(System.getProperty("user.name"))) {
            command.add(Programs.require("fakeroot", "fakeroot").toString());
        }
        // what it depends on is not in this root, nor the shell for its scripts
        command.addAll(List.of("rpm", "--root=" + root, "--nodeps", "--noscripts"));
        command.addAll(List.of(arguments));
        Run.output(command.toArray(String[]::new));
    }

    private static List<String> query(String... what) throws Exception {
        List<String> command = new ArrayList<>(List.of("rpm", "--query", "--package", rpm()));
        command.addAll(List.of(what));
        return Run.output(command.toArray(String[]::new)).lines().toList();
    }

    private static String rpm() throws IOException {
        return Built.pack(".rpm").toString();
    }
}
