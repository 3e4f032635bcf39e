package kvstore.gds;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Random;
import kvstore.api.DeviceBuffer;
import kvstore.api.IoFailure;
import kvstore.gds.Availability.Available;
import kvstore.gds.GdsConfig.Compatibility;
import kvstore.gds.GdsConfig.Mode;

/** Small configurations, and memory of a GPU as a test sees it. */
final class TestGpu {
    static final int PIECE_BYTES = 256 << 10;

    private TestGpu() {}

    static GdsConfig config(Stubs stubs, Mode mode, Compatibility compatibility) {
        return new GdsConfig(
                mode,
                compatibility,
                stubs.cuFilePath(),
                stubs.cudaPath(),
                Path.of("target").toAbsolutePath(),
                3,
                2,
                PIECE_BYTES,
                4,
                60_000,
                10_000);
    }

    /** For the GPU of this machine; {@code KVSTORE_TEST_LIBCUFILE} says where its libcufile is. */
    static GdsConfig real(Compatibility compatibility) {
        return new GdsConfig(
                Mode.AUTO,
                compatibility,
                Objects.requireNonNullElse(System.getenv("KVSTORE_TEST_LIBCUFILE"), ""),
                "",
                Path.of("target").toAbsolutePath(),
                4,
                4,
                1 << 20,
                8,
                30_000,
                30_000);
    }

    static <T> T available(Availability<T> found) {
        assertThat(found).isInstanceOf(Available.class);
        return ((Available<T>) found).value();
    }

    /** Memory of the engine's first GPU that no test gives back: the stand-in is not short of it. */
    static DeviceBuffer allocate(Gpu gpu, long sizeBytes, boolean direct) throws IoFailure {
        long address = gpu.call(worker -> worker.cuda().allocate(sizeBytes));
        return new DeviceBuffer(gpu.ordinal(), address, 0, sizeBytes, direct);
    }

    static void free(Gpu gpu, DeviceBuffer buffer) throws IoFailure {
        gpu.run(worker -> worker.cuda().free(buffer.allocation()));
    }

    static byte[] random(long sizeBytes, long seed) {
        byte[] bytes = new byte[Math.toIntExact(sizeBytes)];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    static void put(Gpu gpu, DeviceBuffer buffer, byte[] bytes) throws IoFailure {
        gpu.copyToDevice(buffer.address(), MemorySegment.ofArray(bytes));
    }

    static byte[] get(Gpu gpu, DeviceBuffer buffer) throws IoFailure {
        MemorySegment bytes = MemorySegment.ofArray(new byte[Math.toIntExact(buffer.sizeBytes())]);
        gpu.copyToHost(bytes, buffer.address());
        return bytes.toArray(ValueLayout.JAVA_BYTE);
    }
}
