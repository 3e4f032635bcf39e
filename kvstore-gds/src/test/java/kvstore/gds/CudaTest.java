package kvstore.gds;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.UUID;
import kvstore.gds.Availability.Unavailable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The binding, on a stand-in for the driver. */
final class CudaTest {
    private final Stubs stubs = Stubs.ready();
    private final Cuda cuda = stubs.cuda();

    @Test
    void aMissingDriverIsAReason(@TempDir Path directory) {
        String path = directory.resolve("libcuda.so.1").toString();
        assertThat(Cuda.load(path)).isEqualTo(new Unavailable<>("libcuda.so.1 not found: " + path + " does not exist"));
    }

    @Test
    void anotherLibraryIsTooOld() {
        String other =
                Path.of(System.getProperty("java.home"), "lib", "libjimage.so").toString();
        assertThat(Cuda.load(other))
                .isEqualTo(
                        new Unavailable<>(other + " is too old: it has no cuInit; the driver of CUDA 12 or newer has"));
    }

    @Test
    void noDeviceIsAReason() {
        stubs.devices(0);
        assertThat(Cuda.load(stubs.cudaPath()))
                .isEqualTo(new Unavailable<>("the CUDA driver (" + stubs.cudaPath()
                        + ") does not start: cuInit: CUDA_ERROR_NO_DEVICE (100); is a GPU visible to this process?"));
    }

    @Test
    void knowsItsDevices() throws Exception {
        assertThat(cuda.driverVersion()).isEqualTo(12040);
        assertThat(cuda.deviceCount()).isEqualTo(1);
        int device = cuda.device(0);
        assertThat(cuda.deviceName(device)).isEqualTo("Stub GPU");
        assertThat(cuda.deviceUuid(device)).isEqualTo(UUID.fromString("a0a1a2a3-a4a5-a6a7-a8a9-aaabacadaeaf"));
    }

    @Test
    void aCallWithoutAContextSaysSo() throws Exception {
        cuda.makeCurrent(0);
        assertThatThrownBy(() -> cuda.allocate(65536))
                .isInstanceOfSatisfying(
                        CudaException.class, e -> assertThat(e.code()).isEqualTo(CudaException.INVALID_CONTEXT))
                .hasMessage("cuMemAlloc_v2: CUDA_ERROR_INVALID_CONTEXT (201)");
    }

    @Test
    void bytesGoToTheDeviceAndBack() throws Exception {
        long heldBefore = stubs.heldOfCuda();
        cuda.makeCurrent(cuda.retainPrimaryContext(0));
        long stream = cuda.createStream();
        long first = cuda.allocate(4096);
        long second = cuda.allocate(4096);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment written = arena.allocate(4096);
            MemorySegment read = arena.allocate(4096);
            for (int i = 0; i < 4096; i++) {
                written.set(JAVA_BYTE, i, (byte) (i * 7));
            }
            cuda.pin(written);
            cuda.copyToDevice(first, written, stream);
            cuda.copyOnDevice(second, first, 4096, stream);
            cuda.copyToHost(read, second, stream);
            cuda.synchronize(stream);
            assertThat(read.mismatch(written)).isEqualTo(-1);
            cuda.fill(second + 8, (byte) 9, 16, stream);
            cuda.copyToHost(read.asSlice(0, 32), second, stream);
            cuda.synchronize(stream);
            assertThat(read.asSlice(8, 16).toArray(JAVA_BYTE)).containsOnly(9);
            assertThat(cuda.rangeOf(second + 100)).isEqualTo(new Cuda.Range(second, 4096));
            cuda.unpin(written);
        }
        byte[] handle = cuda.ipcHandle(first);
        assertThat(handle).hasSize(64);
        long imported = cuda.ipcOpen(handle);
        cuda.ipcClose(imported);
        handle[63] = 0;
        assertThatThrownBy(() -> cuda.ipcOpen(handle)).isInstanceOf(CudaException.class);
        assertThatThrownBy(() -> cuda.ipcOpen(new byte[63])).isInstanceOf(IllegalArgumentException.class);
        cuda.free(first);
        cuda.free(second);
        cuda.destroyStream(stream);
        cuda.releasePrimaryContext(0);
        cuda.makeCurrent(0);
        assertThat(stubs.heldOfCuda()).isEqualTo(heldBefore);
    }

    @Test
    void moreMemoryThanThereIsIsAnError() throws Exception {
        cuda.makeCurrent(cuda.retainPrimaryContext(0));
        assertThat(cuda.freeBytes()).isPositive();
        assertThatThrownBy(() -> cuda.allocate(1L << 40)).hasMessage("cuMemAlloc_v2: CUDA_ERROR_OUT_OF_MEMORY (2)");
        cuda.releasePrimaryContext(0);
        cuda.makeCurrent(0);
    }
}
