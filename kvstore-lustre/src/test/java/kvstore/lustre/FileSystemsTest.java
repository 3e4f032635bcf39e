package kvstore.lustre;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import kvstore.api.FileSystemFacts;
import org.junit.jupiter.api.Test;

final class FileSystemsTest {
    @Test
    void namesWhatItKnowsAndShowsTheRestAsHex() {
        assertThat(FileSystems.nameOf(0x0BD00BD0L)).isEqualTo("lustre");
        assertThat(FileSystems.nameOf(0xEF53L)).isEqualTo("ext4");
        assertThat(FileSystems.nameOf(0x9123683EL)).isEqualTo("btrfs");
        assertThat(FileSystems.nameOf(0x65735546L)).isEqualTo("fuse");
        assertThat(FileSystems.nameOf(0x1234L)).isEqualTo("0x00001234");
    }

    @Test
    void knowsTmpfs() throws Exception {
        assumeThat(Files.isDirectory(Path.of("/dev/shm"))).isTrue();
        assertThat(FileSystems.facts(Libc.INSTANCE, Path.of("/dev/shm")).type()).isEqualTo("tmpfs");
    }

    @Test
    void countsInFragmentsAndStopsAtTheLargestNumber() throws Exception {
        assertThat(facts(10, 4, 4096, 1 << 20)).isEqualTo(new FileSystemFacts("nfs", 40_960, 16_384));
        assertThat(facts(Long.MAX_VALUE, 1L << 60, 4096, 512))
                .isEqualTo(new FileSystemFacts("nfs", Long.MAX_VALUE, Long.MAX_VALUE));
        assertThat(facts(-1, 0, 4096, 512)).isEqualTo(new FileSystemFacts("nfs", Long.MAX_VALUE, 0));
    }

    private static FileSystemFacts facts(long blocks, long available, long fragmentBytes, long blockBytes)
            throws Exception {
        PosixCalls calls = new ForwardingCalls(Libc.INSTANCE) {
            @Override
            public int statfs(Path file, MemorySegment result) {
                long[] words = {0x6969, blockBytes, blocks, available + 1, available, 0, 0, 0, 255, fragmentBytes, 0};
                MemorySegment.copy(words, 0, result, ValueLayout.JAVA_LONG, 0, words.length);
                return 0;
            }
        };
        return FileSystems.facts(calls, Path.of("/"));
    }
}
