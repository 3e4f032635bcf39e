package kvstore.gds;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.StructLayout;
import org.junit.jupiter.api.Test;

/** Sizes and offsets that gcc gives the structures of {@code cufile.h}. */
final class CuFileLayoutsTest {
    @Test
    void structuresHaveTheSizesOfTheHeader() {
        assertThat(CuFileLayouts.ERROR.byteSize()).isEqualTo(8);
        assertThat(CuFileLayouts.DESCRIPTION.byteSize()).isEqualTo(24);
        assertThat(CuFileLayouts.PROPERTIES.byteSize()).isEqualTo(56);
        assertThat(CuFileLayouts.BATCH_PARAMETERS.byteSize()).isEqualTo(64);
        assertThat(CuFileLayouts.BATCH_EVENTS.byteSize()).isEqualTo(24);
        assertThat(CuFileLayouts.VECTOR.byteSize()).isEqualTo(16);
        assertThat(CuFileLayouts.GPU_STATISTICS.byteSize()).isEqualTo(248);
        assertThat(CuFileLayouts.STATISTICS.byteSize()).isEqualTo(5000);
        assertThat(CuFileLayouts.STATISTICS_ROOM_BYTES).isGreaterThan(5000);
        assertThat(Cuda.IPC_HANDLE.byteSize()).isEqualTo(64);
    }

    @Test
    void fieldsLieWhereTheHeaderPutsThem() {
        assertOffset(CuFileLayouts.ERROR, "cu_err", 4);
        assertOffset(CuFileLayouts.DESCRIPTION, "fd", 8);
        assertOffset(CuFileLayouts.DESCRIPTION, "fs_ops", 16);
        assertOffset(CuFileLayouts.PROPERTIES, "poll_thresh_size", 8);
        assertOffset(CuFileLayouts.PROPERTIES, "dstatusflags", 24);
        assertOffset(CuFileLayouts.PROPERTIES, "dcontrolflags", 28);
        assertOffset(CuFileLayouts.PROPERTIES, "fflags", 32);
        assertOffset(CuFileLayouts.PROPERTIES, "max_device_cache_size", 36);
        assertOffset(CuFileLayouts.PROPERTIES, "max_batch_io_timeout_msecs", 52);
        assertOffset(CuFileLayouts.BATCH_PARAMETERS, "devPtr_base", 8);
        assertOffset(CuFileLayouts.BATCH_PARAMETERS, "size", 32);
        assertOffset(CuFileLayouts.BATCH_PARAMETERS, "opcode", 48);
        assertOffset(CuFileLayouts.BATCH_PARAMETERS, "cookie", 56);
        assertOffset(CuFileLayouts.BATCH_EVENTS, "status", 8);
        assertOffset(CuFileLayouts.BATCH_EVENTS, "ret", 16);
        assertOffset(CuFileLayouts.STATISTICS, "num_gpus", 1024);
        assertOffset(CuFileLayouts.STATISTICS, "per_gpu_stats", 1032);
    }

    @Test
    void theCountersOfAGpuLieWhereTheHeaderPutsThem() {
        assertOffset(CuFileLayouts.GPU_STATISTICS, "read_bytes", 16);
        assertOffset(CuFileLayouts.GPU_STATISTICS, "n_p2p_reads", 56);
        assertOffset(CuFileLayouts.GPU_STATISTICS, "n_nvfs_reads", 64);
        assertOffset(CuFileLayouts.GPU_STATISTICS, "n_posix_reads", 72);
        assertOffset(CuFileLayouts.GPU_STATISTICS, "writes_bytes", 120);
        assertOffset(CuFileLayouts.GPU_STATISTICS, "n_p2p_writes", 160);
        assertOffset(CuFileLayouts.GPU_STATISTICS, "n_nvfs_writes", 168);
        assertOffset(CuFileLayouts.GPU_STATISTICS, "n_posix_writes", 176);
        assertOffset(CuFileLayouts.GPU_STATISTICS, "reg_bytes", 240);
    }

    private static void assertOffset(StructLayout layout, String field, long offset) {
        assertThat(layout.byteOffset(PathElement.groupElement(field))).as(field).isEqualTo(offset);
    }
}
