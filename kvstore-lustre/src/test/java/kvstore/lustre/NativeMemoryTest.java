package kvstore.lustre;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import kvstore.api.Blocks;
import kvstore.api.HostBuffer;
import kvstore.api.IoFile;
import kvstore.testkit.TestDirectory;
import org.junit.jupiter.api.Test;

final class NativeMemoryTest {
    @Test
    void isAlignedZeroAndTheSizeThatWasAsked() {
        for (long size : new long[] {Blocks.BLOCK_BYTES, 2L << 20, (2L << 20) + Blocks.BLOCK_BYTES, 33L << 20}) {
            try (NativeMemory memory = NativeMemory.map(size)) {
                MemorySegment segment = memory.segment();
                assertThat(segment.byteSize()).isEqualTo(size);
                assertThat(segment.address() % NativeMemory.ALIGNMENT_BYTES).isZero();
                assertThat(segment.mismatch(MemorySegment.ofArray(new byte[(int) size])))
                        .isEqualTo(-1);
            }
        }
    }

    @Test
    void theKernelHasItBackAfterClose() throws Exception {
        NativeMemory memory = NativeMemory.map(8L << 20);
        MemorySegment segment = memory.segment();
        String start = Long.toHexString(segment.address()) + "-";
        assertThat(mappings()).anyMatch(line -> line.startsWith(start));
        memory.close();
        assertThat(mappings()).noneMatch(line -> line.startsWith(start));
        assertThatThrownBy(() -> segment.get(ValueLayout.JAVA_BYTE, 0)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(memory::close).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void everyPageIsThereFromTheStart() throws Exception {
        long size = 6L << 20;
        try (NativeMemory memory = NativeMemory.map(size)) {
            assertThat(residentKibibytes(memory.segment().address())).isEqualTo(size >> 10);
        }
    }

    @Test
    void servesDirectReadsAndWrites() throws Exception {
        try (TestDirectory directory = TestDirectory.under(TestDirectory.BUILD);
                NativeMemory memory = NativeMemory.map(4L << 20);
                PosixEngine engine = PosixEngine.open(EngineConfig.defaults(), directory.path());
                IoFile file = engine.create(directory.path().resolve("x"), 2L << 20)) {
            HostBuffer written = new HostBuffer(memory.segment().asSlice(0, 2L << 20));
            HostBuffer read = new HostBuffer(memory.segment().asSlice(2L << 20));
            written.memory().fill((byte) 0x5A);
            file.write(0, written).get(10, TimeUnit.SECONDS);
            file.read(0, read).get(10, TimeUnit.SECONDS);
            assertThat(read.memory().mismatch(written.memory())).isEqualTo(-1);
        }
    }

    @Test
    void refusesOddSizesAndTellsWhatToDoAboutTooLargeOnes() {
        for (long size : new long[] {-Blocks.BLOCK_BYTES, 0, 1, Blocks.BLOCK_BYTES + 1}) {
            assertThatThrownBy(() -> NativeMemory.map(size)).isInstanceOf(IllegalArgumentException.class);
        }
        // more than the address space of any process, so refused whatever the overcommit policy
        assertThatThrownBy(() -> NativeMemory.map(1L << 60))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("ENOMEM")
                .hasMessageContaining("lower the memory budget");
    }

    /** "Rss" of the mapping at {@code address}, of {@code /proc/self/smaps}. */
    private static long residentKibibytes(long address) throws Exception {
        List<String> lines = Files.readAllLines(Path.of("/proc/self/smaps"));
        String start = Long.toHexString(address) + "-";
        return lines.stream()
                .dropWhile(line -> !line.startsWith(start))
                .filter(line -> line.startsWith("Rss:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                .findFirst()
                .orElseThrow();
    }

    private static List<String> mappings() throws Exception {
        return Files.readAllLines(Path.of("/proc/self/maps"));
    }
}
