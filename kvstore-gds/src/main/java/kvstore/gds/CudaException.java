package kvstore.gds;

import java.io.Serial;

/** A call of the CUDA driver that failed. */
final class CudaException extends Exception {
    @Serial
    private static final long serialVersionUID = 1L;

    static final int NO_DEVICE = 100;
    static final int INVALID_CONTEXT = 201;

    private final int code;

    /** @param code of {@code CUresult} */
    CudaException(int code, String message) {
        super(message);
        this.code = code;
    }

    int code() {
        return code;
    }
}
