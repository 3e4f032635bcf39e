package kvstore.gds;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import kvstore.api.Blocks;
import kvstore.api.IoFailure;
import kvstore.api.IoFailure.Kind;
import kvstore.api.IoFile;
import kvstore.gds.Availability.Unavailable;
import kvstore.gds.GdsConfig.Compatibility;
import kvstore.gds.GdsConfig.Mode;
import kvstore.gds.TestDevice.DeviceMemory;
import kvstore.lustre.EngineConfig;
import kvstore.lustre.PosixEngine;
import kvstore.testkit.GpuStubs.Operation;
import kvstore.testkit.TestDirectory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What {@link GpuEngine} does when something is missing, refuses, lies or hangs. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class GpuEngineTest {
    private static final long BYTES = 4L * TestGpu.PIECE_BYTES + Blocks.BLOCK_BYTES;

    private final Stubs stubs = Stubs.ready();
    private final long cudaHeldBefore = stubs.heldOfCuda();
    private final long cuFileHeldBefore = stubs.heldOfCuFile();
    private final TestDirectory directory = TestDirectory.under(TestDirectory.BUILD);
    private final PosixEngine base = base();
    private final TestDevice device = new TestDevice(stubs.cuda());

    private PosixEngine base() {
        try {
            return PosixEngine.open(EngineConfig.defaults(), directory.path());
        } catch (IoFailure e) {
            throw new AssertionError(e);
        }
    }

    @AfterEach
    void nothingIsMisused() {
        base.close();
        device.close();
        directory.close();
        assertThat(stubs.misuse()).isZero();
    }

    private void assertEverythingIsGivenBack() {
        device.close();
        assertThat(stubs.heldOfCuda()).isEqualTo(cudaHeldBefore);
        assertThat(stubs.heldOfCuFile()).isEqualTo(cuFileHeldBefore);
    }

    private GpuEngine direct() throws IoFailure {
        stubs.nvidiaFs(2);
        return TestGpu.available(open(TestGpu.config(stubs, Mode.REQUIRE, Compatibility.STAGED)));
    }

    private Availability<GpuEngine> open(GdsConfig config) throws IoFailure {
        return GpuEngine.open(config, base, directory.path());
    }

    private Path path(String name) {
        return directory.path().resolve(name);
    }

    @Test
    void offOpensNothing() throws Exception {
        GdsConfig config = new GdsConfig(
                Mode.OFF, Compatibility.STAGED, "/none", "/none", directory.path(), 1, 1, 1 << 20, 1, 1, 1);
        assertThat(open(config)).isEqualTo(new Unavailable<>("GPU memory is off by configuration"));
    }

    @Test
    void noDriverIsAReasonAndWithRequireARefusal() throws Exception {
        for (Mode mode : new Mode[] {Mode.AUTO, Mode.REQUIRE}) {
            GdsConfig config = new GdsConfig(
                    mode, Compatibility.STAGED, "/none", "/none", directory.path(), 1, 1, 1 << 20, 1, 1, 1);
            String reason = "libcuda.so.1 not found: /none does not exist";
            if (mode == Mode.AUTO) {
                assertThat(open(config)).isEqualTo(new Unavailable<>(reason));
            } else {
                assertThatThrownBy(() -> open(config))
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessage("gds.mode is require, and the way past host memory is not proven: " + reason
                                + ". Set gds.mode to auto to go through host memory");
            }
        }
    }

    @Test
    void tooLittleMemoryIsAReason() throws Exception {
        GdsConfig config = new GdsConfig(
                Mode.AUTO,
                Compatibility.STAGED,
                stubs.cuFilePath(),
                stubs.cudaPath(),
                directory.path(),
                16,
                16,
                64 << 20,
                1,
                1,
                10_000);
        assertThat(open(config))
                .isEqualTo(new Unavailable<>("GPU 0 cannot be used: cuMemAlloc_v2: CUDA_ERROR_OUT_OF_MEMORY (2)"));
        assertEverythingIsGivenBack();
    }

    @Test
    void withoutCuFileItStages() throws Exception {
        GdsConfig standard = TestGpu.config(stubs, Mode.AUTO, Compatibility.STAGED);
        GdsConfig config = new GdsConfig(
                Mode.AUTO,
                Compatibility.STAGED,
                "/none",
                standard.cudaLibrary(),
                directory.path(),
                2,
                2,
                TestGpu.PIECE_BYTES,
                4,
                60_000,
                10_000);
        try (GpuEngine engine = TestGpu.available(open(config))) {
            assertThat(engine.gpuPath()).isEqualTo(GpuPath.STAGED);
            assertThat(engine.gpuReason()).isEqualTo("libcufile.so.0 not found: /none does not exist");
            assertRoundTrip(engine);
            assertThat(engine.writes().stagedBytes()).isEqualTo(BYTES);
            assertThat(engine.reads().stagedBytes()).isEqualTo(BYTES);
        }
        assertEverythingIsGivenBack();
    }

    @Test
    void aLibraryThatDoesNotStartIsNotUsed() throws Exception {
        stubs.fail(Operation.DRIVER_OPEN, -5011, 1);
        assertStaged("does not start: 5011 CUDA_DRIVER_ERROR, CUDA error 100");
    }

    @Test
    void memoryThatCannotBeRegisteredIsNotUsed() throws Exception {
        stubs.fail(Operation.BUF_REGISTER, -5036, 1);
        assertStaged("5036 GPU_MEMORY_PINNING_FAILED; lower gds.read-threads");
    }

    @Test
    void aFileSystemThatCuFileRefusesIsAReason() throws Exception {
        stubs.fail(Operation.HANDLE_REGISTER, -5027, 1);
        assertStaged("cuFile refuses files in " + directory.path() + ": 5027 HANDLE_NOT_REGISTERED");
    }

    @Test
    void aProbeThatFailsIsAReason() throws Exception {
        stubs.fail(Operation.WRITE, -5008, 1);
        assertStaged("does not work in " + directory.path() + ": a write gave 5008 IO_NOT_SUPPORTED");
        stubs.fail(Operation.READ, -5, 1);
        assertStaged("a read gave errno 5");
        stubs.fail(Operation.READ, Stubs.SHORT, 1);
        assertStaged("a read gave " + TestGpu.PIECE_BYTES / 2 + " bytes");
    }

    @Test
    void aLibraryThatMovesOtherBytesIsNotUsed() throws Exception {
        stubs.fail(Operation.READ, Stubs.WRONG_BYTES, 1);
        assertStaged("other bytes came back than are in the file");
    }

    @Test
    void compatibilityModeIsUsedOnlyWhereWanted() throws Exception {
        assertStaged("counted 0 requests past host memory and 2 through it in " + directory.path()
                + "; O_DIRECT and pinned memory are used instead, as gds.compatibility says");
        assertThatThrownBy(() -> open(TestGpu.config(stubs, Mode.REQUIRE, Compatibility.CUFILE)))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("counted 0 requests past host memory and 2 through it");
        assertEverythingIsGivenBack();
    }

    private void assertStaged(String reason) throws Exception {
        try (GpuEngine engine = TestGpu.available(GpuEngine.open(
                TestGpu.config(stubs, Mode.AUTO, Compatibility.STAGED),
                PosixEngine.open(EngineConfig.defaults(), directory.path()),
                directory.path()))) {
            assertThat(engine.gpuPath()).isEqualTo(GpuPath.STAGED);
            assertThat(engine.gpuReason()).contains(reason);
            assertThat(directory.files()).isEmpty();
            assertRoundTrip(engine);
        }
        Files.delete(path("file"));
        assertThat(stubs.heldOfCuFile()).isEqualTo(cuFileHeldBefore);
    }

    @Test
    void registersOnceForAFileAndNotForARequest() throws Exception {
        try (GpuEngine engine = direct()) {
            long buffers = stubs.calls(Operation.BUF_REGISTER);
            long handles = stubs.calls(Operation.HANDLE_REGISTER);
            assertRoundTrip(engine);
            assertThat(stubs.calls(Operation.BUF_REGISTER)).isEqualTo(buffers);
            assertThat(stubs.calls(Operation.HANDLE_REGISTER)).isEqualTo(handles + 1);
            assertThat(stubs.unregistered()).as("requests that would bounce").isZero();
            assertThat(engine.writes().cuFileBytes()).isEqualTo(BYTES);
            assertThat(engine.reads().cuFileBytes()).isEqualTo(BYTES);
            assertThat(engine.reads().operations()).isEqualTo(1);
            assertThat(engine.reads().underWay()).isZero();
        }
        assertEverythingIsGivenBack();
    }

    @Test
    void everyRefusalIsTakenOver() throws Exception {
        try (GpuEngine engine = direct()) {
            DeviceMemory written = device.allocate(Blocks.BLOCK_BYTES, false);
            DeviceMemory read = device.allocate(Blocks.BLOCK_BYTES, false);
            int refusals = 0;
            try (IoFile file = engine.create(path("file"), Blocks.BLOCK_BYTES)) {
                for (long refusal = -5050; refusal <= -5001; refusal++) {
                    written.fill(TestGpu.random(Blocks.BLOCK_BYTES, refusal));
                    stubs.fail(Operation.WRITE, refusal, 1);
                    stubs.fail(Operation.READ, refusal, 1);
                    file.write(0, written.buffer()).get(10, SECONDS);
                    file.read(0, read.buffer()).get(10, SECONDS);
                    assertThat(read.bytes().mismatch(written.bytes())).isEqualTo(-1);
                    refusals++;
                    assertThat(engine.reads().fallbacks()).containsEntry(Long.toString(-refusal), 1L);
                    // a request that goes well between, so that the breaker stays closed
                    file.read(0, read.buffer()).get(10, SECONDS);
                    file.write(0, written.buffer()).get(10, SECONDS);
                }
                stubs.fail(Operation.READ, Stubs.SHORT, 1);
                file.read(0, read.buffer()).get(10, SECONDS);
                assertThat(read.bytes().mismatch(written.bytes())).isEqualTo(-1);
                stubs.fail(Operation.READ, -5, 1);
                file.read(0, read.buffer()).get(10, SECONDS);
            }
            assertThat(engine.reads().fallbacks()).hasSize(refusals + 2).containsKeys("short", "errno_5");
            assertThat(engine.breakerOpen()).isFalse();
        }
    }

    @Test
    void theBreakerLeavesALibraryAloneThatKeepsFailing() throws Exception {
        try (GpuEngine engine = direct()) {
            DeviceMemory memory = device.allocate(Blocks.BLOCK_BYTES, false);
            try (IoFile file = engine.create(path("file"), Blocks.BLOCK_BYTES)) {
                stubs.fail(Operation.WRITE, -5044, Long.MAX_VALUE);
                for (int i = 0; i < 20; i++) {
                    file.write(0, memory.buffer()).get(10, SECONDS);
                }
            }
            assertThat(engine.breakerOpen()).isTrue();
            assertThat(engine.breakerOpened()).isEqualTo(1);
            assertThat(engine.writes().fallbacks()).containsEntry("5044", 4L);
            assertThat(engine.writes().operations()).isEqualTo(20);
        }
    }

    @Test
    void aFileThatCuFileRefusesIsStaged() throws Exception {
        try (GpuEngine engine = direct()) {
            stubs.fail(Operation.HANDLE_REGISTER, -5018, 1);
            assertRoundTrip(engine);
            assertThat(engine.reads().stagedBytes()).isEqualTo(BYTES);
            assertThat(engine.reads().fallbacks()).isEmpty();
        }
    }

    @Test
    void whatBothRefuseFailsAsTheEngineUnderneathSays() throws Exception {
        try (GpuEngine engine = direct()) {
            DeviceMemory memory = device.allocate(2L * Blocks.BLOCK_BYTES, false);
            Files.write(path("file"), new byte[2 * Blocks.BLOCK_BYTES]);
            try (IoFile file = engine.open(path("file"))) {
                Files.write(path("file"), new byte[Blocks.BLOCK_BYTES]);
                assertFails(file.read(0, memory.buffer()), Kind.SHORT);
                assertThat(engine.reads().failures(Kind.SHORT)).isEqualTo(1);
                assertThat(engine.breakerOpen()).isFalse();
            }
        }
    }

    @Test
    void aCopyThatFailsFailsTheTransferOnly() throws Exception {
        try (GpuEngine engine = direct()) {
            DeviceMemory memory = device.allocate(Blocks.BLOCK_BYTES, false);
            try (IoFile file = engine.create(path("file"), Blocks.BLOCK_BYTES)) {
                stubs.failCopies(1);
                assertFails(file.write(0, memory.buffer()), Kind.OTHER);
                file.write(0, memory.buffer()).get(10, SECONDS);
            }
        }
    }

    @Test
    void aHangDoesNotKeepTheEngineFromClosing() throws Exception {
        stubs.nvidiaFs(2);
        GdsConfig standard = TestGpu.config(stubs, Mode.REQUIRE, Compatibility.STAGED);
        GdsConfig impatient = new GdsConfig(
                standard.mode(),
                standard.compatibility(),
                standard.cuFileLibrary(),
                standard.cudaLibrary(),
                standard.logDirectory(),
                1,
                1,
                TestGpu.PIECE_BYTES,
                4,
                60_000,
                200);
        GpuEngine engine = TestGpu.available(open(impatient));
        DeviceMemory memory = device.allocate(BYTES, false);
        IoFile file = engine.create(path("file"), BYTES);
        stubs.fail(Operation.WRITE, Stubs.HANG, 1);
        CompletableFuture<Void> hung = file.write(0, memory.buffer());
        CompletableFuture<Void> waiting = file.write(0, memory.buffer());
        await().until(() -> stubs.hanging() == 1);

        file.close();
        engine.close();

        assertFails(waiting, Kind.CLOSED);
        assertThat(hung).as("its memory may still be in use").isNotDone();
        assertThat(stubs.heldOfCuFile())
                .as("nothing is pulled away from under it")
                .isGreaterThan(cuFileHeldBefore);
        stubs.releaseHanging();
        assertFails(hung, Kind.CLOSED);
    }

    private void assertRoundTrip(GpuEngine engine) throws Exception {
        DeviceMemory written = device.allocate(BYTES, false);
        DeviceMemory read = device.allocate(BYTES, false);
        written.fill(TestGpu.random(BYTES, 3));
        try (IoFile file = engine.create(path("file"), 2 * BYTES)) {
            file.write(BYTES, written.buffer()).get(10, SECONDS);
            file.read(BYTES, read.buffer()).get(10, SECONDS);
        }
        assertThat(read.bytes().mismatch(written.bytes())).isEqualTo(-1);
    }

    private static void assertFails(CompletableFuture<Void> operation, Kind kind) throws Exception {
        try {
            operation.get(10, SECONDS);
        } catch (ExecutionException e) {
            assertThat(e.getCause()).isInstanceOf(IoFailure.class);
            assertThat(((IoFailure) e.getCause()).kind()).isEqualTo(kind);
            return;
        }
        throw new AssertionError("it did not fail");
    }
}
