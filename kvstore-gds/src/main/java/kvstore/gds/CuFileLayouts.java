package kvstore.gds;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemoryLayout;
import java.lang.foreign.StructLayout;

/** The structures of {@code cufile.h} as gcc lays them out on x86-64 and arm64: the same in 1.4, 1.9 and 1.15. */
final class CuFileLayouts {
    /** {@code CUfileError_t}: the library's status, and the driver's where the first is 5011. */
    static final StructLayout ERROR = MemoryLayout.structLayout(JAVA_INT.withName("err"), JAVA_INT.withName("cu_err"));

    /** {@code CUfileDescr_t}; the union holds a descriptor in its first four bytes. All of it starts as zero. */
    static final StructLayout DESCRIPTION = MemoryLayout.structLayout(
            JAVA_INT.withName("type"),
            MemoryLayout.paddingLayout(4),
            JAVA_INT.withName("fd"),
            MemoryLayout.paddingLayout(4),
            ADDRESS.withName("fs_ops"));

    /** {@code CUfileDrvProps_t}. Cache sizes are in KiB. */
    static final StructLayout PROPERTIES = MemoryLayout.structLayout(
            JAVA_INT.withName("major"),
            JAVA_INT.withName("minor"),
            JAVA_LONG.withName("poll_thresh_size"),
            JAVA_LONG.withName("max_direct_io_size"),
            JAVA_INT.withName("dstatusflags"),
            JAVA_INT.withName("dcontrolflags"),
            JAVA_INT.withName("fflags"),
            JAVA_INT.withName("max_device_cache_size"),
            JAVA_INT.withName("per_buffer_cache_size"),
            JAVA_INT.withName("max_device_pinned_mem_size"),
            JAVA_INT.withName("max_batch_io_size"),
            JAVA_INT.withName("max_batch_io_timeout_msecs"));

    /** {@code CUfileIOParams_t}, its union spread out. */
    static final StructLayout BATCH_PARAMETERS = MemoryLayout.structLayout(
            JAVA_INT.withName("mode"),
            MemoryLayout.paddingLayout(4),
            ADDRESS.withName("devPtr_base"),
            JAVA_LONG.withName("file_offset"),
            JAVA_LONG.withName("devPtr_offset"),
            JAVA_LONG.withName("size"),
            ADDRESS.withName("fh"),
            JAVA_INT.withName("opcode"),
            MemoryLayout.paddingLayout(4),
            ADDRESS.withName("cookie"));

    /** {@code CUfileIOEvents_t}; {@code ret} is bytes, or a negative error. */
    static final StructLayout BATCH_EVENTS = MemoryLayout.structLayout(
            ADDRESS.withName("cookie"),
            JAVA_INT.withName("status"),
            MemoryLayout.paddingLayout(4),
            JAVA_LONG.withName("ret"));

    /** {@code CUfileIOVec_t}, since 1.19. */
    static final StructLayout VECTOR = MemoryLayout.structLayout(ADDRESS.withName("base"), JAVA_LONG.withName("len"));

    /** {@code CUfilePerGpuStats_t}. */
    static final StructLayout GPU_STATISTICS = MemoryLayout.structLayout(
            MemoryLayout.sequenceLayout(16, java.lang.foreign.ValueLayout.JAVA_BYTE)
                    .withName("uuid"),
            JAVA_LONG.withName("read_bytes"),
            JAVA_LONG.withName("read_bw_bytes_per_sec"),
            JAVA_LONG.withName("read_utilization"),
            JAVA_LONG.withName("read_duration_us"),
            JAVA_LONG.withName("n_total_reads"),
            JAVA_LONG.withName("n_p2p_reads"),
            JAVA_LONG.withName("n_nvfs_reads"),
            JAVA_LONG.withName("n_posix_reads"),
            JAVA_LONG.withName("n_unaligned_reads"),
            JAVA_LONG.withName("n_dr_reads"),
            JAVA_LONG.withName("n_sparse_regions"),
            JAVA_LONG.withName("n_inline_regions"),
            JAVA_LONG.withName("n_reads_err"),
            JAVA_LONG.withName("writes_bytes"),
            JAVA_LONG.withName("write_bw_bytes_per_sec"),
            JAVA_LONG.withName("write_utilization"),
            JAVA_LONG.withName("write_duration_us"),
            JAVA_LONG.withName("n_total_writes"),
            JAVA_LONG.withName("n_p2p_writes"),
            JAVA_LONG.withName("n_nvfs_writes"),
            JAVA_LONG.withName("n_posix_writes"),
            JAVA_LONG.withName("n_unaligned_writes"),
            JAVA_LONG.withName("n_dr_writes"),
            JAVA_LONG.withName("n_writes_err"),
            JAVA_LONG.withName("n_mmap"),
            JAVA_LONG.withName("n_mmap_ok"),
            JAVA_LONG.withName("n_mmap_err"),
            JAVA_LONG.withName("n_mmap_free"),
            JAVA_LONG.withName("reg_bytes"));

    /** {@code CUfileStatsLevel3_t}: level 2 in front, of which only the size is needed here. */
    static final StructLayout STATISTICS = MemoryLayout.structLayout(
            MemoryLayout.paddingLayout(1024).withName("detailed"),
            JAVA_INT.withName("num_gpus"),
            MemoryLayout.paddingLayout(4),
            MemoryLayout.sequenceLayout(16, GPU_STATISTICS).withName("per_gpu_stats"));

    /** What is handed to the library for {@link #STATISTICS}: a later release may write more. */
    static final long STATISTICS_ROOM_BYTES = 16 * 1024;

    private CuFileLayouts() {}
}
