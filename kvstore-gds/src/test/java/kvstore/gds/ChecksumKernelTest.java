package kvstore.gds;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import kvstore.api.BlockChecksums;
import kvstore.api.Blocks;
import kvstore.api.DeviceBuffer;
import kvstore.gds.GdsConfig.Compatibility;
import kvstore.gds.GdsConfig.Mode;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The kernel's source, compiled for the CPU by the stand-in driver, beside the JDK's CRC32C. */
final class ChecksumKernelTest {
    private final Stubs stubs = Stubs.ready();
    private final long heldBefore = stubs.heldOfCuda();
    private final Gpu gpu = open();

    private Gpu open() {
        try {
            return Gpu.open(stubs.cuda(), 0, TestGpu.config(stubs, Mode.AUTO, Compatibility.STAGED));
        } catch (CudaException e) {
            throw new AssertionError(e);
        }
    }

    @AfterEach
    void everythingIsGivenBack() throws Exception {
        gpu.stop();
        assertThat(gpu.awaitEnd(System.nanoTime() + 10_000_000_000L)).isTrue();
        gpu.free();
        assertThat(stubs.heldOfCuda()).isEqualTo(heldBefore);
    }

    @Test
    void theGpuComputesWhatTheCpuComputes() throws Exception {
        DeviceBuffer buffer = TestGpu.allocate(gpu, 4L * Blocks.BLOCK_BYTES, false);
        byte[] bytes = TestGpu.random(buffer.sizeBytes(), 7);
        TestGpu.put(gpu, buffer, bytes);
        for (int length :
                new int[] {1, 2, 3, 4, 5, 15, 16, 17, 4095, 4096, 4097, 65535, 65536, 65537, 131072, 196609, 4 * 65536
                }) {
            assertSame(buffer.address(), bytes, 0, length);
        }
        for (int offset : new int[] {1, 3, 8, 16, 4096}) {
            assertSame(buffer.address(), bytes, offset, 2 * 65536 + 99);
        }
        TestGpu.free(gpu, buffer);
    }

    @Test
    void nothingHasNoChecksums() throws Exception {
        assertThat(gpu.checksums(0, 0).count()).isZero();
    }

    @Test
    void theSelfTestPasses() throws Exception {
        ChecksumSelfTest.run(gpu);
    }

    private void assertSame(long address, byte[] bytes, int offset, int length) throws Exception {
        BlockChecksums.Accumulator expected = new BlockChecksums.Accumulator(length);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment payload = arena.allocate(length);
            MemorySegment.copy(MemorySegment.ofArray(bytes), offset, payload, 0, length);
            expected.update(payload);
        }
        assertThat(gpu.checksums(address + offset, length))
                .as("%d bytes at offset %d", length, offset)
                .isEqualTo(expected.finish());
    }
}
