package kvstore.gds;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class CuFileStatusTest {
    @Test
    void namesAreThoseOfTheHeader() {
        assertThat(CuFileStatus.nameOf(5001, 1150)).isEqualTo("5001 DRIVER_NOT_INITIALIZED");
        assertThat(CuFileStatus.nameOf(5011, 1150)).isEqualTo("5011 CUDA_DRIVER_ERROR");
        assertThat(CuFileStatus.nameOf(5020, 1150)).isEqualTo("5020 DIO_NOT_SET");
        assertThat(CuFileStatus.nameOf(5027, 1150)).isEqualTo("5027 HANDLE_NOT_REGISTERED");
        assertThat(CuFileStatus.nameOf(5033, 1150)).isEqualTo("5033 NVFS_SETUP_ERROR");
        assertThat(CuFileStatus.nameOf(5036, 1150)).isEqualTo("5036 GPU_MEMORY_PINNING_FAILED");
        assertThat(CuFileStatus.nameOf(5043, 1150)).isEqualTo("5043 NOMEM_ERROR");
        assertThat(CuFileStatus.nameOf(5050, 1150)).isEqualTo("5050 IO_MAX_ERROR");
    }

    @Test
    void theTailIsNotNamedForReleasesInWhichItWasAnother() {
        assertThat(CuFileStatus.nameOf(5036, 1090)).isEqualTo("5036 GPU_MEMORY_PINNING_FAILED");
        assertThat(CuFileStatus.nameOf(5039, 1090)).isEqualTo("5039 unknown to kvstore");
        assertThat(CuFileStatus.nameOf(5051, 1200)).isEqualTo("5051 unknown to kvstore");
        assertThat(CuFileStatus.nameOf(17, 1150)).isEqualTo("17 unknown to kvstore");
    }

    @Test
    void theDriversOwnErrorComesAlong() {
        assertThat(new CuFileStatus(5011, 100).describe(1150)).isEqualTo("5011 CUDA_DRIVER_ERROR, CUDA error 100");
        assertThat(new CuFileStatus(5022, 100).describe(1150)).isEqualTo("5022 INVALID_VALUE");
        assertThat(CuFileStatus.NOT_IN_THIS_RELEASE.describe(1090)).isEqualTo("not in this release of libcufile");
    }
}
