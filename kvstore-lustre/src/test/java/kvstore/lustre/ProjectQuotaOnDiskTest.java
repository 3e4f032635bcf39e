package kvstore.lustre;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import kvstore.api.IoFailure;
import kvstore.lustre.ProjectQuota.Limited;
import kvstore.lustre.ProjectQuota.Unavailable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The quota of a real ext4 in a file. For root, on a kernel with {@code CONFIG_QFMT_V2} and the loop device, with
 * e2fsprogs and the package {@code quota}; elsewhere it is skipped, with the words of what refused.
 */
@Tag("long")
@Timeout(60)
final class ProjectQuotaOnDiskTest {
    private static final long LIMIT_KIB = 20_480;

    @TempDir
    private Path temporary;

    private Path mount() throws IOException {
        Path mount = temporary.resolve("mount");
        Path image = temporary.resolve("image");
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength(64 << 20);
        }
        Files.createDirectory(mount);
        require("mkfs.ext4", "-q", "-F", "-O", "quota,project", "-E", "quotatype=prjquota", image.toString());
        require("mount", "-o", "loop,prjquota", image.toString(), mount.toString());
        return mount;
    }

    @AfterEach
    void unmount() throws IOException {
        Path mount = temporary.resolve("mount");
        if (Files.isDirectory(mount.resolve("lost+found"))) {
            String said = run("umount", mount.toString());
            assertThat(mount.resolve("lost+found")).as(said).doesNotExist();
        }
    }

    @Test
    void limitAndUsageAreThoseOfTheKernel() throws IOException {
        Path mount = mount();
        Path directory = Files.createDirectory(mount.resolve("pool"));
        assertThat(ProjectQuota.of(directory)).isInstanceOf(Unavailable.class);
        require("chattr", "-p", "4711", "+P", directory.toString());
        assertThat(ProjectQuota.of(directory))
                .isInstanceOfSatisfying(
                        Unavailable.class, none -> assertThat(none.reason()).contains("project 4711", "has no limit"));
        require("setquota", "-P", "4711", "0", "" + LIMIT_KIB, "0", "0", mount.toString());

        Path node = Files.createDirectories(directory.resolve("nodes/node-1"));
        Limited before = limited(node);
        assertThat(before.project()).isEqualTo(4711);
        assertThat(before.limitBytes()).isEqualTo(LIMIT_KIB * 1024);
        try (RandomAccessFile file =
                new RandomAccessFile(node.resolve("segment").toFile(), "rw")) {
            file.write(new byte[5 << 20]);
            file.getFD().sync();
        }
        Limited after = limited(node);
        assertThat(after.usedBytes() - before.usedBytes()).isBetween(5L << 20, (5L << 20) + 65_536);
        assertThat(after.availableBytes()).isEqualTo(after.limitBytes() - after.usedBytes());
        assertStatfsCountsWithTheLimit(node, after);
    }

    private static void assertStatfsCountsWithTheLimit(Path directory, Limited quota) throws IoFailure {
        assertThat(FileSystems.facts(Libc.INSTANCE, directory).totalBytes()).isEqualTo(quota.limitBytes());
        assertThat(FileSystems.facts(Libc.INSTANCE, directory).availableBytes()).isEqualTo(quota.availableBytes());
    }

    private static Limited limited(Path directory) {
        return (Limited) ProjectQuota.of(directory);
    }

    /** Runs a command, or skips the test with its words. */
    private static void require(String... command) throws IOException {
        String said = run(command);
        assumeThat(said).as("what %s says", List.of(command)).isEmpty();
    }

    /** What a command says where it fails, or nothing. */
    private static String run(String... command) throws IOException {
        Process process;
        try {
            process = new ProcessBuilder(command).redirectErrorStream(true).start();
        } catch (IOException e) {
            return String.valueOf(e.getMessage()); // there is no such command
        }
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return process.onExit().join().exitValue() == 0 ? "" : said + " ";
    }
}
