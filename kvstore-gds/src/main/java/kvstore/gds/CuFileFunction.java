package kvstore.gds;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BOOLEAN;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemoryLayout;

/**
 * The public functions of libcufile for 64-bit Linux, with the release that brought each. Source: {@code cufile.h} of the
 * releases 1.4, 1.9 and 1.15, and NVIDIA's cuFile API reference for what came later. Functions are looked up by symbol,
 * never by version: a library has them or not. Device addresses travel as {@code long}; C enums are {@code int}.
 */
enum CuFileFunction {
    DRIVER_OPEN(1000, "cuFileDriverOpen"),
    DRIVER_CLOSE_V2(1040, "cuFileDriverClose_v2"),
    DRIVER_CLOSE(1000, "cuFileDriverClose"),
    USE_COUNT(1040, "cuFileUseCount", FunctionDescriptor.of(JAVA_LONG)),
    GET_VERSION(1080, "cuFileGetVersion", ADDRESS),
    HANDLE_REGISTER(1000, "cuFileHandleRegister", ADDRESS, ADDRESS),
    HANDLE_DEREGISTER(1000, "cuFileHandleDeregister", FunctionDescriptor.ofVoid(ADDRESS)),
    BUF_REGISTER(1000, "cuFileBufRegister", JAVA_LONG, JAVA_LONG, JAVA_INT),
    BUF_DEREGISTER(1000, "cuFileBufDeregister", JAVA_LONG),
    READ(1000, "cuFileRead", transfer()),
    WRITE(1000, "cuFileWrite", transfer()),
    GET_PROPERTIES(1000, "cuFileDriverGetProperties", ADDRESS),
    SET_POLL_MODE(1000, "cuFileDriverSetPollMode", JAVA_BOOLEAN, JAVA_LONG),
    SET_MAX_DIRECT_IO_SIZE(1000, "cuFileDriverSetMaxDirectIOSize", JAVA_LONG),
    SET_MAX_CACHE_SIZE(1000, "cuFileDriverSetMaxCacheSize", JAVA_LONG),
    SET_MAX_PINNED_MEM_SIZE(1000, "cuFileDriverSetMaxPinnedMemSize", JAVA_LONG),
    BATCH_SETUP(1020, "cuFileBatchIOSetUp", ADDRESS, JAVA_INT),
    BATCH_SUBMIT(1020, "cuFileBatchIOSubmit", ADDRESS, JAVA_INT, ADDRESS, JAVA_INT),
    BATCH_GET_STATUS(1020, "cuFileBatchIOGetStatus", ADDRESS, JAVA_INT, ADDRESS, ADDRESS, ADDRESS),
    BATCH_CANCEL(1020, "cuFileBatchIOCancel", ADDRESS),
    BATCH_DESTROY(1020, "cuFileBatchIODestroy", FunctionDescriptor.ofVoid(ADDRESS)),
    READ_ASYNC(1070, "cuFileReadAsync", ADDRESS, JAVA_LONG, ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS),
    WRITE_ASYNC(1070, "cuFileWriteAsync", ADDRESS, JAVA_LONG, ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS),
    STREAM_REGISTER(1070, "cuFileStreamRegister", ADDRESS, JAVA_INT),
    STREAM_DEREGISTER(1070, "cuFileStreamDeregister", ADDRESS),
    GET_PARAMETER_SIZE_T(1140, "cuFileGetParameterSizeT", JAVA_INT, ADDRESS),
    SET_PARAMETER_SIZE_T(1140, "cuFileSetParameterSizeT", JAVA_INT, JAVA_LONG),
    GET_PARAMETER_BOOL(1140, "cuFileGetParameterBool", JAVA_INT, ADDRESS),
    SET_PARAMETER_BOOL(1140, "cuFileSetParameterBool", JAVA_INT, JAVA_BOOLEAN),
    GET_PARAMETER_STRING(1140, "cuFileGetParameterString", JAVA_INT, ADDRESS, JAVA_INT),
    SET_PARAMETER_STRING(1140, "cuFileSetParameterString", JAVA_INT, ADDRESS),
    GET_PARAMETER_MIN_MAX(1150, "cuFileGetParameterMinMaxValue", JAVA_INT, ADDRESS, ADDRESS),
    SET_STATS_LEVEL(1150, "cuFileSetStatsLevel", JAVA_INT),
    GET_STATS_LEVEL(1150, "cuFileGetStatsLevel", ADDRESS),
    STATS_START(1150, "cuFileStatsStart"),
    STATS_STOP(1150, "cuFileStatsStop"),
    STATS_RESET(1150, "cuFileStatsReset"),
    GET_STATS_L1(1150, "cuFileGetStatsL1", ADDRESS),
    GET_STATS_L2(1150, "cuFileGetStatsL2", ADDRESS),
    GET_STATS_L3(1150, "cuFileGetStatsL3", ADDRESS),
    GET_BAR_SIZE(1150, "cuFileGetBARSizeInKB", JAVA_INT, ADDRESS),
    SET_POSIX_POOL_SLABS(1150, "cuFileSetParameterPosixPoolSlabArray", ADDRESS, ADDRESS, JAVA_INT),
    GET_POSIX_POOL_SLABS(1150, "cuFileGetParameterPosixPoolSlabArray", ADDRESS, ADDRESS, JAVA_INT),
    SET_P2P_FLAGS(1160, "cuFileDriverSetP2PFlags", JAVA_INT, JAVA_INT),
    GET_P2P_FLAGS(1160, "cuFileDriverGetP2PFlags", JAVA_INT, ADDRESS),
    SET_BOUNCE_SLABS(1170, "cuFileSetParameterGpuBounceBufferSlabArray", ADDRESS, ADDRESS, JAVA_INT),
    GET_BOUNCE_SLABS(1170, "cuFileGetParameterGpuBounceBufferSlabArray", ADDRESS, ADDRESS, JAVA_INT),
    EXPORT_PCIE_TOPOLOGY(1170, "cuFileExportPCIeTopology", ADDRESS),
    READV(1190, "cuFileReadv", vectored()),
    WRITEV(1190, "cuFileWritev", vectored());

    private final int since;
    private final String symbol;

    @SuppressWarnings("ImmutableEnumChecker") // it is immutable, and the JDK does not use that annotation
    private final FunctionDescriptor descriptor;

    /** A function that returns a {@link CuFileLayouts#ERROR} by value. */
    CuFileFunction(int since, String symbol, MemoryLayout... arguments) {
        this(since, symbol, FunctionDescriptor.of(CuFileLayouts.ERROR, arguments));
    }

    CuFileFunction(int since, String symbol, FunctionDescriptor descriptor) {
        this.since = since;
        this.symbol = symbol;
        this.descriptor = descriptor;
    }

    /** The release that brought it, as {@code cuFileGetVersion} counts: 1000 for 1.0, 1150 for 1.15. */
    int since() {
        return since;
    }

    String symbol() {
        return symbol;
    }

    FunctionDescriptor descriptor() {
        return descriptor;
    }

    /** Whether it returns a status, not a number or nothing. */
    boolean returnsStatus() {
        return descriptor.returnLayout().filter(CuFileLayouts.ERROR::equals).isPresent();
    }

    /** {@code ssize_t (handle, device base, size, file offset, offset from the base)}. */
    private static FunctionDescriptor transfer() {
        return FunctionDescriptor.of(JAVA_LONG, ADDRESS, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    }

    /** {@code ssize_t (handle, vector, count, file offset, flags)}. */
    private static FunctionDescriptor vectored() {
        return FunctionDescriptor.of(JAVA_LONG, ADDRESS, ADDRESS, JAVA_LONG, JAVA_LONG, JAVA_INT);
    }
}
