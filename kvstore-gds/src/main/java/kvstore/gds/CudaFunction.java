package kvstore.gds;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemoryLayout;

/**
 * The functions of the CUDA driver that are used, all of which return a {@code CUresult}. Source: {@code cuda.h} of CUDA
 * 12. The suffix {@code _v2} is part of the name: the plain one is an older function with 32-bit sizes. Device addresses,
 * contexts, streams and other handles travel as {@code long}.
 */
enum CudaFunction {
    INIT("cuInit", JAVA_INT),
    DRIVER_GET_VERSION("cuDriverGetVersion", ADDRESS),
    GET_ERROR_NAME("cuGetErrorName", JAVA_INT, ADDRESS),
    DEVICE_GET_COUNT("cuDeviceGetCount", ADDRESS),
    DEVICE_GET("cuDeviceGet", ADDRESS, JAVA_INT),
    DEVICE_GET_NAME("cuDeviceGetName", ADDRESS, JAVA_INT, JAVA_INT),
    DEVICE_GET_UUID("cuDeviceGetUuid_v2", ADDRESS, JAVA_INT),
    DEVICE_TOTAL_MEM("cuDeviceTotalMem_v2", ADDRESS, JAVA_INT),
    DEVICE_GET_ATTRIBUTE("cuDeviceGetAttribute", ADDRESS, JAVA_INT, JAVA_INT),
    PRIMARY_CTX_RETAIN("cuDevicePrimaryCtxRetain", ADDRESS, JAVA_INT),
    PRIMARY_CTX_RELEASE("cuDevicePrimaryCtxRelease_v2", JAVA_INT),
    CTX_SET_CURRENT("cuCtxSetCurrent", JAVA_LONG),
    MEM_ALLOC("cuMemAlloc_v2", ADDRESS, JAVA_LONG),
    MEM_FREE("cuMemFree_v2", JAVA_LONG),
    MEM_GET_INFO("cuMemGetInfo_v2", ADDRESS, ADDRESS),
    MEM_GET_ADDRESS_RANGE("cuMemGetAddressRange_v2", ADDRESS, ADDRESS, JAVA_LONG),
    MEM_HOST_REGISTER("cuMemHostRegister_v2", ADDRESS, JAVA_LONG, JAVA_INT),
    MEM_HOST_UNREGISTER("cuMemHostUnregister", ADDRESS),
    MEMCPY_HOST_TO_DEVICE("cuMemcpyHtoDAsync_v2", JAVA_LONG, ADDRESS, JAVA_LONG, JAVA_LONG),
    MEMCPY_DEVICE_TO_HOST("cuMemcpyDtoHAsync_v2", ADDRESS, JAVA_LONG, JAVA_LONG, JAVA_LONG),
    MEMCPY_DEVICE_TO_DEVICE("cuMemcpyDtoDAsync_v2", JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG),
    MEMSET("cuMemsetD8Async", JAVA_LONG, JAVA_BYTE, JAVA_LONG, JAVA_LONG),
    POINTER_GET_ATTRIBUTE("cuPointerGetAttribute", ADDRESS, JAVA_INT, JAVA_LONG),
    IPC_GET_MEM_HANDLE("cuIpcGetMemHandle", ADDRESS, JAVA_LONG),
    IPC_OPEN_MEM_HANDLE("cuIpcOpenMemHandle_v2", ADDRESS, Cuda.IPC_HANDLE, JAVA_INT),
    IPC_CLOSE_MEM_HANDLE("cuIpcCloseMemHandle", JAVA_LONG),
    STREAM_CREATE("cuStreamCreate", ADDRESS, JAVA_INT),
    STREAM_SYNCHRONIZE("cuStreamSynchronize", JAVA_LONG),
    STREAM_WAIT_EVENT("cuStreamWaitEvent", JAVA_LONG, JAVA_LONG, JAVA_INT),
    STREAM_DESTROY("cuStreamDestroy_v2", JAVA_LONG),
    EVENT_CREATE("cuEventCreate", ADDRESS, JAVA_INT),
    EVENT_RECORD("cuEventRecord", JAVA_LONG, JAVA_LONG),
    EVENT_QUERY("cuEventQuery", JAVA_LONG),
    EVENT_SYNCHRONIZE("cuEventSynchronize", JAVA_LONG),
    EVENT_ELAPSED_TIME("cuEventElapsedTime", ADDRESS, JAVA_LONG, JAVA_LONG),
    EVENT_DESTROY("cuEventDestroy_v2", JAVA_LONG),
    MODULE_LOAD_DATA("cuModuleLoadData", ADDRESS, ADDRESS),
    MODULE_GET_FUNCTION("cuModuleGetFunction", ADDRESS, JAVA_LONG, ADDRESS),
    MODULE_UNLOAD("cuModuleUnload", JAVA_LONG),
    LAUNCH_KERNEL(
            "cuLaunchKernel",
            JAVA_LONG,
            JAVA_INT,
            JAVA_INT,
            JAVA_INT,
            JAVA_INT,
            JAVA_INT,
            JAVA_INT,
            JAVA_INT,
            JAVA_LONG,
            ADDRESS,
            ADDRESS);

    private final String symbol;

    @SuppressWarnings("ImmutableEnumChecker") // it is immutable, and the JDK does not use that annotation
    private final FunctionDescriptor descriptor;

    CudaFunction(String symbol, MemoryLayout... arguments) {
        this.symbol = symbol;
        this.descriptor = FunctionDescriptor.of(JAVA_INT, arguments);
    }

    String symbol() {
        return symbol;
    }

    FunctionDescriptor descriptor() {
        return descriptor;
    }
}
