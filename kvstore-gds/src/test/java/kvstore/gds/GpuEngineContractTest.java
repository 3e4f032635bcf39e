package kvstore.gds;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Path;
import java.util.Objects;
import kvstore.api.IoEngine;
import kvstore.api.IoFailure;
import kvstore.gds.GdsConfig.Compatibility;
import kvstore.gds.GdsConfig.Mode;
import kvstore.lustre.EngineConfig;
import kvstore.lustre.PosixEngine;
import kvstore.testkit.GpuStubs.Operation;
import kvstore.testkit.IoEngineContract;
import kvstore.testkit.TestDirectory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;

/** The contract of engines, kept by {@link GpuEngine} for GPU memory on each of its ways, and for host memory. */
final class GpuEngineContractTest {
    /** GPU memory of the stand-in. */
    abstract static class OnStandIn extends IoEngineContract {
        private @Nullable Stubs stubs;
        private @Nullable TestDevice device;

        abstract GdsConfig config(Stubs levers);

        /** Whether memory that is not the engine's own counts as reachable for file I/O. */
        boolean direct() {
            return false;
        }

        GpuPath expected() {
            return GpuPath.CUFILE;
        }

        void afterStart(Stubs levers) {}

        @Override
        protected Path parent() {
            return TestDirectory.BUILD;
        }

        @Override
        protected IoEngine openEngine(Path directory) throws IoFailure {
            Stubs levers = Stubs.ready();
            GdsConfig config = config(levers);
            device = new TestDevice(levers.cuda());
            stubs = levers;
            PosixEngine base = PosixEngine.open(EngineConfig.defaults(), directory);
            GpuEngine engine = TestGpu.available(GpuEngine.open(config, base, directory));
            assertThat(engine.gpuPath()).as(engine.gpuReason()).isEqualTo(expected());
            afterStart(levers);
            return engine;
        }

        @Override
        protected Memory allocate(long sizeBytes) {
            return Objects.requireNonNull(device).allocate(sizeBytes, direct());
        }

        @AfterEach
        void nothingIsMisusedOrHeld() {
            if (device != null) {
                device.close();
            }
            if (stubs != null) {
                assertThat(stubs.misuse()).isZero();
            }
        }
    }

    /** Past host memory, through the engine's slots. */
    @Nested
    final class Slots extends OnStandIn {
        @Override
        GdsConfig config(Stubs levers) {
            levers.nvidiaFs(2);
            return TestGpu.config(levers, Mode.REQUIRE, Compatibility.STAGED);
        }
    }

    /** Past host memory, straight into the memory of the caller. */
    @Nested
    final class Direct extends OnStandIn {
        @Override
        GdsConfig config(Stubs levers) {
            levers.nvidiaFs(2);
            return TestGpu.config(levers, Mode.AUTO, Compatibility.STAGED);
        }

        @Override
        boolean direct() {
            return true;
        }
    }

    /** Through libcufile's own host memory. */
    @Nested
    final class Compatible extends OnStandIn {
        @Override
        GdsConfig config(Stubs levers) {
            return TestGpu.config(levers, Mode.AUTO, Compatibility.CUFILE);
        }

        @Override
        GpuPath expected() {
            return GpuPath.CUFILE_COMPAT;
        }
    }

    /** Through O_DIRECT and pinned memory. */
    @Nested
    final class Staged extends OnStandIn {
        @Override
        GdsConfig config(Stubs levers) {
            return TestGpu.config(levers, Mode.AUTO, Compatibility.STAGED);
        }

        @Override
        GpuPath expected() {
            return GpuPath.STAGED;
        }
    }

    /** Each request is refused after the start, so that all are taken over. */
    @Nested
    final class Refused extends OnStandIn {
        @Override
        GdsConfig config(Stubs levers) {
            levers.nvidiaFs(2);
            return TestGpu.config(levers, Mode.REQUIRE, Compatibility.STAGED);
        }

        @Override
        void afterStart(Stubs levers) {
            levers.fail(Operation.READ, -5008, Long.MAX_VALUE);
            levers.fail(Operation.WRITE, -5, Long.MAX_VALUE);
        }
    }

    /** Host memory, which goes to the engine underneath. */
    @Nested
    final class HostMemory extends IoEngineContract {
        @Override
        protected Path parent() {
            return TestDirectory.BUILD;
        }

        @Override
        protected IoEngine openEngine(Path directory) throws IoFailure {
            Stubs levers = Stubs.ready();
            levers.nvidiaFs(2);
            PosixEngine base = PosixEngine.open(EngineConfig.defaults(), directory);
            return TestGpu.available(
                    GpuEngine.open(TestGpu.config(levers, Mode.REQUIRE, Compatibility.STAGED), base, directory));
        }
    }

    /** The GPU and the libraries of this machine. {@code KVSTORE_TEST_GPU} is {@code staged} or {@code cufile}. */
    @Nested
    final class RealGpu extends IoEngineContract {
        private @Nullable TestDevice device;

        @Override
        protected Path parent() {
            assumeTrue(System.getenv("KVSTORE_TEST_GPU") != null, "KVSTORE_TEST_GPU is not set");
            return TestDirectory.BUILD;
        }

        @Override
        protected IoEngine openEngine(Path directory) throws IoFailure {
            boolean staged = Objects.equals(System.getenv("KVSTORE_TEST_GPU"), "staged");
            GdsConfig config = TestGpu.real(staged ? Compatibility.STAGED : Compatibility.CUFILE);
            device = new TestDevice(TestGpu.available(Cuda.load(config.cudaLibrary())));
            PosixEngine base = PosixEngine.open(EngineConfig.defaults(), directory);
            GpuEngine engine = TestGpu.available(GpuEngine.open(config, base, directory));
            assertThat(engine.gpuPath() == GpuPath.STAGED)
                    .as(engine.gpuReason())
                    .isEqualTo(staged);
            return engine;
        }

        @Override
        protected Memory allocate(long sizeBytes) {
            return Objects.requireNonNull(device).allocate(sizeBytes, false);
        }

        @AfterEach
        void memoryIsGivenBack() {
            if (device != null) {
                device.close();
            }
        }
    }
}
