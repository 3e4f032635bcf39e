package kvstore.client.cli.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import kvstore.client.cli.doctor.Finding.Verdict;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SharedMemoryChecksTest {
    private static final String ENABLED = "sys/kernel/mm/transparent_hugepage/shmem_enabled";

    @TempDir
    Path root;

    private List<Verdict> verdicts(String mounts, String enabled) throws IOException {
        Files.createDirectories(root.resolve("proc"));
        Files.createDirectories(root.resolve(ENABLED).getParent());
        Files.writeString(root.resolve("proc/mounts"), mounts);
        Files.writeString(root.resolve(ENABLED), enabled);
        return new SharedMemoryChecks(root)
                .findings().stream().map(Finding::verdict).toList();
    }

    @Test
    void tellsWhereHugePagesAreOff() throws IOException {
        String root = "/dev/vda / ext4 rw,relatime 0 0\n";
        assertThat(verdicts(
                        root + "tmpfs /dev/shm tmpfs rw,nosuid 0 0\n",
                        "always within_size advise [never] deny force\n"))
                .containsExactly(Verdict.NOTE, Verdict.NOTE);
        assertThat(verdicts(
                        root + "tmpfs /dev/shm tmpfs rw,huge=never 0 0\n",
                        "always within_size advise never [deny] force\n"))
                .containsExactly(Verdict.NOTE, Verdict.NOTE);
        assertThat(verdicts(
                        root + "tmpfs /dev/shm tmpfs rw,size=1k,huge=within_size 0 0\n",
                        "always within_size [advise] never deny force\n"))
                .containsExactly(Verdict.OK, Verdict.OK);
    }

    @Test
    void theMountOnTopCounts() throws IOException {
        assertThat(verdicts(
                        "tmpfs /dev/shm tmpfs rw,huge=always 0 0\ntmpfs /dev/shm tmpfs rw 0 0\n",
                        "[always] within_size advise never deny force\n"))
                .containsExactly(Verdict.NOTE, Verdict.OK);
    }

    @Test
    void aMachineThatSaysNothingHasNone() {
        assertThat(new SharedMemoryChecks(root).findings())
                .extracting(Finding::verdict)
                .containsExactly(Verdict.NOTE, Verdict.NOTE);
    }
}
