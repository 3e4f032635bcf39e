package kvstore.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

final class HostBufferTest {
    @Test
    void takesAlignedNativeMemoryOnly() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment aligned = arena.allocate(2L * Blocks.BLOCK_BYTES, Blocks.BLOCK_BYTES);
            assertThat(new HostBuffer(aligned).sizeBytes()).isEqualTo(2L * Blocks.BLOCK_BYTES);
            assertThatThrownBy(() -> new HostBuffer(aligned.asSlice(512, Blocks.BLOCK_BYTES)))
                    .hasMessageContaining("not aligned");
            assertThatThrownBy(() -> new HostBuffer(aligned.asSlice(0, 4096))).hasMessageContaining("4096 bytes");
            assertThatThrownBy(() -> new HostBuffer(MemorySegment.ofArray(new byte[Blocks.BLOCK_BYTES])))
                    .hasMessageContaining("heap");
        }
    }

    @Test
    void blocksAreCountedUpwards() {
        assertThat(Blocks.count(0)).isZero();
        assertThat(Blocks.count(1)).isOne();
        assertThat(Blocks.count(65536)).isOne();
        assertThat(Blocks.roundUp(65537)).isEqualTo(131072);
    }
}
