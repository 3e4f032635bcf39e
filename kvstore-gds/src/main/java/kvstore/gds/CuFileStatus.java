package kvstore.gds;

/**
 * What a control call of libcufile returned.
 *
 * @param code 0, or a number from 5001 on
 * @param cudaCode the driver's own error where {@code code} is {@link #CUDA_DRIVER_ERROR}
 */
record CuFileStatus(int code, int cudaCode) {
    static final int BASE = 5000;
    static final int CUDA_DRIVER_ERROR = 5011;

    /** Of this program, not of the library: the function is not in this release. */
    static final CuFileStatus NOT_IN_THIS_RELEASE = new CuFileStatus(-1, 0);

    /** The codes up to here have meant the same since 1.0; those behind moved with the releases. */
    private static final int STABLE_MAX = 5036;

    /** The first release whose codes behind {@link #STABLE_MAX} are those of {@link #NAMES}. */
    private static final int NAMED_SINCE = 1150;

    private static final String[] NAMES = {
        "SUCCESS",
        "DRIVER_NOT_INITIALIZED",
        "DRIVER_INVALID_PROPS",
        "DRIVER_UNSUPPORTED_LIMIT",
        "DRIVER_VERSION_MISMATCH",
        "DRIVER_VERSION_READ_ERROR",
        "DRIVER_CLOSING",
        "PLATFORM_NOT_SUPPORTED",
        "IO_NOT_SUPPORTED",
        "DEVICE_NOT_SUPPORTED",
        "NVFS_DRIVER_ERROR",
        "CUDA_DRIVER_ERROR",
        "CUDA_POINTER_INVALID",
        "CUDA_MEMORY_TYPE_INVALID",
        "CUDA_POINTER_RANGE_ERROR",
        "CUDA_CONTEXT_MISMATCH",
        "INVALID_MAPPING_SIZE",
        "INVALID_MAPPING_RANGE",
        "INVALID_FILE_TYPE",
        "INVALID_FILE_OPEN_FLAG",
        "DIO_NOT_SET",
        "unused",
        "INVALID_VALUE",
        "MEMORY_ALREADY_REGISTERED",
        "MEMORY_NOT_REGISTERED",
        "PERMISSION_DENIED",
        "DRIVER_ALREADY_OPEN",
        "HANDLE_NOT_REGISTERED",
        "HANDLE_ALREADY_REGISTERED",
        "DEVICE_NOT_FOUND",
        "INTERNAL_ERROR",
        "GETNEWFD_FAILED",
        "unused",
        "NVFS_SETUP_ERROR",
        "IO_DISABLED",
        "BATCH_SUBMIT_FAILED",
        "GPU_MEMORY_PINNING_FAILED",
        "BATCH_FULL",
        "ASYNC_NOT_SUPPORTED",
        "INTERNAL_BATCH_SETUP_ERROR",
        "INTERNAL_BATCH_SUBMIT_ERROR",
        "INTERNAL_BATCH_GETSTATUS_ERROR",
        "INTERNAL_BATCH_CANCEL_ERROR",
        "NOMEM_ERROR",
        "IO_ERROR",
        "INTERNAL_BUF_REGISTER_ERROR",
        "HASH_OPR_ERROR",
        "INVALID_CONTEXT_ERROR",
        "NVFS_INTERNAL_DRIVER_ERROR",
        "BATCH_NOCOMPAT_ERROR",
        "IO_MAX_ERROR"
    };

    boolean isSuccess() {
        return code == 0;
    }

    /** Number and name, with the driver's error where there is one. */
    String describe(int version) {
        if (equals(NOT_IN_THIS_RELEASE)) {
            return "not in this release of libcufile";
        }
        return nameOf(code, version) + (code == CUDA_DRIVER_ERROR ? ", CUDA error " + cudaCode : "");
    }

    /**
     * Number and name of a status.
     *
     * @param version of the library, as {@code cuFileGetVersion} counts, or 0 if it has no such function
     */
    static String nameOf(int code, int version) {
        int index = code - BASE;
        boolean known = index >= 0 && index < NAMES.length && (code <= STABLE_MAX || version >= NAMED_SINCE);
        return code + (known ? " " + NAMES[index] : " unknown to kvstore");
    }
}
