package kvstore.gds;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.UUID;
import kvstore.api.BlockChecksums;
import kvstore.api.Blocks;
import kvstore.api.IoFailure;
import kvstore.api.IoFailure.Kind;
import kvstore.api.IoFile;
import kvstore.gds.GdsConfig.Compatibility;
import kvstore.gds.GdsConfig.Mode;
import kvstore.gds.TestDevice.DeviceMemory;
import kvstore.lustre.EngineConfig;
import kvstore.lustre.PosixEngine;
import kvstore.testkit.TestDirectory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Regions of a client's GPU memory; the client is this process, which the stand-in permits. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class GpuRegionTest {
    private static final int ALLOCATION_BYTES = 8 * Blocks.BLOCK_BYTES;
    private static final int OFFSET = 1000;
    private static final int REGION_BYTES = 5 * Blocks.BLOCK_BYTES;

    private final Stubs stubs = Stubs.ready();
    private final long heldBefore = stubs.heldOfCuda();
    private final TestDirectory directory = TestDirectory.under(TestDirectory.BUILD);
    private final TestDevice device = new TestDevice(stubs.cuda());
    private final DeviceMemory allocation = device.allocate(ALLOCATION_BYTES, false);
    private final byte[] handle = device.ipcHandle(allocation);
    private final byte[] bytes = TestGpu.random(ALLOCATION_BYTES, 11);
    private final GpuEngine engine = open();
    private final UUID gpu = engine.gpus().getFirst();

    private GpuEngine open() {
        stubs.nvidiaFs(2);
        try {
            return TestGpu.available(GpuEngine.open(
                    TestGpu.config(stubs, Mode.REQUIRE, Compatibility.STAGED),
                    PosixEngine.open(EngineConfig.defaults(), directory.path()),
                    directory.path()));
        } catch (IoFailure e) {
            throw new AssertionError(e);
        }
    }

    @AfterEach
    void everythingIsGivenBack() {
        engine.close();
        device.close();
        directory.close();
        assertThat(stubs.misuse()).isZero();
        assertThat(stubs.heldOfCuda()).isEqualTo(heldBefore);
    }

    @Test
    void readsWritesAndSumsWhatTheClientHas() throws Exception {
        allocation.fill(bytes);
        try (GpuRegion region = engine.region(gpu, handle, OFFSET, REGION_BYTES)) {
            assertThat(region.sizeBytes()).isEqualTo(REGION_BYTES);
            MemorySegment read = MemorySegment.ofArray(new byte[300_000]);
            region.read(77, read);
            assertThat(read.mismatch(MemorySegment.ofArray(bytes).asSlice(OFFSET + 77, 300_000)))
                    .isEqualTo(-1);

            BlockChecksums.Accumulator expected = new BlockChecksums.Accumulator(200_000);
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment piece = arena.allocate(200_000);
                piece.copyFrom(MemorySegment.ofArray(bytes).asSlice(OFFSET + 5, 200_000));
                expected.update(piece);
            }
            assertThat(region.checksums(5, 200_000)).isEqualTo(expected.finish());

            byte[] other = TestGpu.random(REGION_BYTES - 1, 12);
            region.write(1, MemorySegment.ofArray(other));
            MemorySegment now = allocation.bytes();
            assertThat(now.asSlice(OFFSET + 1, other.length).mismatch(MemorySegment.ofArray(other)))
                    .isEqualTo(-1);
            assertThat(now.asSlice(0, OFFSET + 1)
                            .mismatch(MemorySegment.ofArray(bytes).asSlice(0, OFFSET + 1)))
                    .as("before the region")
                    .isEqualTo(-1);
            long end = OFFSET + REGION_BYTES;
            assertThat(now.asSlice(end).mismatch(MemorySegment.ofArray(bytes).asSlice(end)))
                    .as("behind the region")
                    .isEqualTo(-1);
        }
    }

    @Test
    void chunksGoFromTheClientToAFileAndBack() throws Exception {
        allocation.fill(bytes);
        DeviceMemory target = device.allocate(ALLOCATION_BYTES, false);
        try (IoFile file = engine.create(directory.path().resolve("file"), ALLOCATION_BYTES);
                GpuRegion from = engine.region(gpu, handle, OFFSET, REGION_BYTES);
                GpuRegion into = engine.region(gpu, device.ipcHandle(target), 4096, REGION_BYTES)) {
            file.write(0, from.buffer(0, REGION_BYTES)).get(10, SECONDS);
            file.read(0, into.buffer(0, REGION_BYTES)).get(10, SECONDS);
            assertThat(into.checksums(0, REGION_BYTES)).isEqualTo(from.checksums(0, REGION_BYTES));
        }
        MemorySegment got = target.bytes().asSlice(4096, REGION_BYTES);
        assertThat(got.mismatch(MemorySegment.ofArray(bytes).asSlice(OFFSET, REGION_BYTES)))
                .isEqualTo(-1);
    }

    @Test
    void regionsOfOneAllocationShareItsMapping() throws Exception {
        GpuRegion first = engine.region(gpu, handle, 0, REGION_BYTES);
        long heldWithOne = stubs.heldOfCuda();
        GpuRegion second = engine.region(gpu, handle.clone(), Blocks.BLOCK_BYTES, REGION_BYTES);
        assertThat(stubs.heldOfCuda()).isEqualTo(heldWithOne);
        first.close();
        first.close();
        assertThat(second.checksums(0, 100).count()).isEqualTo(1);
        second.close();
        assertThat(stubs.heldOfCuda()).isEqualTo(heldWithOne - 1);
    }

    @Test
    void whatLiesOutsideIsTheCallersMistake() throws Exception {
        try (GpuRegion region = engine.region(gpu, handle, 0, REGION_BYTES)) {
            MemorySegment two = MemorySegment.ofArray(new byte[2]);
            for (long offset : new long[] {-1, REGION_BYTES - 1, Long.MAX_VALUE}) {
                assertThatThrownBy(() -> region.read(offset, two)).isInstanceOf(IndexOutOfBoundsException.class);
                assertThatThrownBy(() -> region.write(offset, two)).isInstanceOf(IndexOutOfBoundsException.class);
                assertThatThrownBy(() -> region.checksums(offset, 2)).isInstanceOf(IndexOutOfBoundsException.class);
                assertThatThrownBy(() -> region.buffer(offset, Blocks.BLOCK_BYTES))
                        .isInstanceOf(IndexOutOfBoundsException.class);
            }
        }
    }

    @Test
    void whatCannotBeSharedIsDenied() {
        long[][] stretches = {
            {-1, 10}, {0, 0}, {0, -5}, {0, ALLOCATION_BYTES + 1}, {1, ALLOCATION_BYTES}, {Long.MAX_VALUE, 1}
        };
        for (long[] stretch : stretches) {
            assertDenied(gpu, handle, stretch[0], stretch[1], "is not inside the allocation of 524288 bytes");
        }
        assertDenied(new UUID(1, 2), handle, 0, 10, "GPU 00000000-0000-0001-0000-000000000002 is not one of");
        assertDenied(gpu, new byte[64], 0, 10, "cuIpcOpenMemHandle_v2: CUDA_ERROR_INVALID_VALUE (1)");
        assertDenied(gpu, new byte[12], 0, 10, "64 bytes, not 12");
    }

    private void assertDenied(UUID where, byte[] ipcHandle, long offset, long sizeBytes, String reason) {
        assertThatThrownBy(() -> engine.region(where, ipcHandle, offset, sizeBytes))
                .isInstanceOfSatisfying(
                        IoFailure.class, failure -> assertThat(failure.kind()).isEqualTo(Kind.DENIED))
                .hasMessageContaining(reason);
    }
}
