package kvstore.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is taken for a pool and a node directory, and what is refused with which sentence. */
final class PoolDirectoryTest {
    @TempDir
    Path directory;

    private final Environment environment = Environment.system();

    @Test
    void anEmptyDirectoryBecomesAPool() throws Exception {
        Files.createDirectory(directory.resolve("lost+found"));
        UUID pool = PoolDirectory.open(directory, environment);
        assertThat(PoolDirectory.open(directory, environment)).isEqualTo(pool);
        assertThat(directory.resolve("POOL")).content().contains("format=1\npool=" + pool + "\ncreated=");
    }

    @Test
    void aDirectoryInAnExistingOneIsMade() throws Exception {
        assertThat(PoolDirectory.open(directory.resolve("new"), environment)).isNotNull();
        assertThatThrownBy(() -> PoolDirectory.open(directory.resolve("a/b"), environment))
                .isInstanceOf(StoreException.class)
                .hasMessageContaining("is the file system mounted?");
    }

    @Test
    void anythingElseIsRefused() throws Exception {
        Files.writeString(directory.resolve("thesis.tex"), "");
        assertThatThrownBy(() -> PoolDirectory.open(directory, environment))
                .isInstanceOf(StoreException.class)
                .hasMessageContaining("not a kvstore pool")
                .hasMessageContaining("mounted")
                .hasMessageContaining("thesis.tex");
    }

    @Test
    void anUnknownFormatIsRefused() throws Exception {
        PoolDirectory.open(directory, environment);
        Path marker = directory.resolve("POOL");
        String text = Files.readString(marker).replace("format=1", "format=2");
        String body = text.substring(0, text.indexOf("crc32c="));
        CRC32C crc = new CRC32C();
        crc.update(body.getBytes(StandardCharsets.UTF_8));
        Files.writeString(marker, body + "crc32c=%08x\n".formatted(crc.getValue()));
        assertThatThrownBy(() -> PoolDirectory.open(directory, environment))
                .isInstanceOf(StoreException.class)
                .hasMessageContaining("format 2")
                .hasMessageContaining("Run the release that wrote it");
    }

    @Test
    void nodesThatStartTogetherAgree() throws Exception {
        for (int round = 0; round < 20; round++) {
            Path pool = directory.resolve("pool-" + round);
            Files.createDirectory(pool);
            Set<UUID> seen = ConcurrentHashMap.newKeySet();
            try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
                for (int i = 0; i < 8; i++) {
                    var _ = executor.submit(() -> seen.add(PoolDirectory.open(pool, environment)));
                }
            }
            assertThat(seen).containsExactly(PoolDirectory.open(pool, environment));
        }
    }

    @Test
    void aNodeDirectoryOfAnotherPoolOrWithoutItsFileIsRefused() throws Exception {
        UUID pool = PoolDirectory.open(directory, environment);
        NodeDirectory.open(directory, pool, "n", List.of(directory)).close();
        assertThatThrownBy(() -> NodeDirectory.open(directory, new UUID(0, 1), "n", List.of(directory)))
                .isInstanceOf(StoreException.class)
                .hasMessageContaining("not to node 'n' of pool 00000000");
        Path node = directory.resolve("nodes/n");
        Files.delete(node.resolve("NODE"));
        NodeDirectory.open(directory, pool, "n", List.of(directory)).close();
        Files.delete(node.resolve("NODE"));
        Files.writeString(node.resolve("0000000000000001.seg"), "x");
        assertThatThrownBy(() -> NodeDirectory.open(directory, pool, "n", List.of(directory)))
                .isInstanceOf(StoreException.class)
                .hasMessageContaining("no file NODE");
    }

    @Test
    void wrongSettingsAreNamed() {
        assertThat(StoreConfig.defaults(directory, "n"))
                .isEqualTo(new StoreConfig(directory, "n", 0, 1L << 30, 512L << 20, 60_000, 10_000));
        assertThatThrownBy(() -> StoreConfig.defaults(directory, "../n"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("node = ../n");
        assertThatThrownBy(() -> new StoreConfig(directory, "n", -1, 1L << 30, 1, 1, 1))
                .hasMessageContaining("capacityBytes = -1");
        assertThatThrownBy(() -> new StoreConfig(directory, "n", 0, 1000, 1, 1, 1))
                .hasMessageContaining("segmentBytes = 1000");
        assertThatThrownBy(() -> new StoreConfig(directory, "n", 0, 1L << 30, 1L << 30, 1, 1))
                .hasMessageContaining("maxValueBytes = 1073741824");
        assertThatThrownBy(() -> new StoreConfig(directory, "n", 0, 1L << 20, 1L << 20, 1, 1))
                .hasMessageContaining("small enough for a segment");
        assertThatThrownBy(() -> new StoreConfig(directory, "n", 0, 1L << 30, 1, 0, 1))
                .hasMessageContaining("leaseMillisMax = 0");
        assertThatThrownBy(() -> new StoreConfig(directory, "n", 0, 1L << 30, 1, 1, 0))
                .hasMessageContaining("leasesMax = 0");
    }
}
