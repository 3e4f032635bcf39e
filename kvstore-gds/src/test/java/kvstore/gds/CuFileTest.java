package kvstore.gds;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import kvstore.gds.Availability.Unavailable;
import kvstore.testkit.GpuStubs.Operation;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The binding, on a stand-in for the library. */
final class CuFileTest {
    private final Stubs stubs = Stubs.ready();
    private final CuFile cuFile = stubs.cuFile();

    @Test
    void aMissingLibraryIsAReason(@TempDir Path directory) {
        String path = directory.resolve("libcufile.so.0").toString();
        assertThat(CuFile.load(path))
                .isEqualTo(new Unavailable<>("libcufile.so.0 not found: " + path + " does not exist"));
    }

    @Test
    void whatIsNoLibraryIsAReason(@TempDir Path directory) {
        assertThat(CuFile.load(directory.toString()))
                .isInstanceOfSatisfying(
                        Unavailable.class,
                        unavailable -> assertThat(unavailable.reason())
                                .startsWith("libcufile.so.0 not found: " + directory + " cannot be opened"));
    }

    @Test
    void anotherLibraryIsTooOld() {
        assertThat(CuFile.load(stubs.cudaPath()))
                .isEqualTo(new Unavailable<>(stubs.cudaPath() + " is too old: it has no cuFileDriverOpen; the one of"
                        + " CUDA 12.3 (cuFile 1.8) or newer has"));
    }

    @Test
    void tellsItsVersion() {
        assertThat(cuFile.version()).isEqualTo(1150);
        assertThat(cuFile.describeVersion()).isEqualTo("cuFile 1.15 (" + stubs.cuFilePath() + ")");
    }

    @Test
    void statusesComeBackAsTheyWereReturned() {
        assertThat(cuFile.call(CuFileFunction.GET_VERSION, MemorySegment.NULL)).isEqualTo(new CuFileStatus(5022, 0));
        stubs.fail(Operation.DRIVER_OPEN, -5011, 1);
        assertThat(cuFile.driverOpen()).isEqualTo(new CuFileStatus(5011, 100));
        assertThat(cuFile.call(CuFileFunction.READ_ASYNC)).isEqualTo(CuFileStatus.NOT_IN_THIS_RELEASE);
        assertThatThrownBy(() -> cuFile.call(CuFileFunction.READ)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void theLogsPlaceIsSetBeforeTheDriverOpens(@TempDir Path directory) {
        assertThat(cuFile.logInto(directory).isSuccess()).isTrue();
        assertThat(cuFile.driverOpen().isSuccess()).isTrue();
        assertThat(cuFile.logInto(directory)).isEqualTo(new CuFileStatus(5026, 0));
        assertThat(cuFile.driverClose().isSuccess()).isTrue();
    }

    @Test
    void aDescriptorThatIsNoneIsRefused() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment handle = arena.allocate(ADDRESS);
            assertThat(cuFile.handleRegister(1 << 20, handle)).isEqualTo(new CuFileStatus(5018, 0));
        }
    }

    @Test
    void errnoAndStatusAreToldApart() throws Exception {
        Cuda cuda = stubs.cuda();
        cuda.makeCurrent(cuda.retainPrimaryContext(0));
        long memory = cuda.allocate(65536);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment handle = arena.allocate(ADDRESS);
            // standard input stands for a file: the stand-in fails before it would touch it
            assertThat(cuFile.handleRegister(0, handle).isSuccess()).isTrue();
            MemorySegment registered = handle.get(ADDRESS, 0);
            for (long result : List.of(-5L, -28L, -121L, -5001L, -5013L, -5050L)) {
                stubs.fail(Operation.READ, result, 1);
                stubs.fail(Operation.WRITE, result, 1);
                assertThat(cuFile.read(registered, memory, 65536, 0, 0)).isEqualTo(result);
                assertThat(cuFile.write(registered, memory, 65536, 0, 0)).isEqualTo(result);
            }
            cuFile.handleDeregister(registered);
        } finally {
            cuda.free(memory);
            cuda.releasePrimaryContext(0);
            cuda.makeCurrent(0);
        }
        assertThat(stubs.misuse()).isZero();
    }

    @Test
    void propertiesAreFilledIn() {
        stubs.nvidiaFs(2);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(CuFileLayouts.PROPERTIES);
            assertThat(cuFile.properties(out).isSuccess()).isTrue();
            assertThat(out.get(JAVA_INT, CuFile.offsetOf(CuFileLayouts.PROPERTIES, "major")))
                    .isEqualTo(2);
            assertThat(out.get(JAVA_INT, CuFile.offsetOf(CuFileLayouts.PROPERTIES, "dstatusflags")))
                    .isEqualTo(1);
        }
    }
}
