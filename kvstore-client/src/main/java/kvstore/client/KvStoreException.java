package kvstore.client;

import io.grpc.Status;
import java.io.Serial;
import org.jspecify.annotations.Nullable;

/** A call failed as a whole. The message is one sentence for a person: which daemon, what happened, what helps. */
public final class KvStoreException extends RuntimeException {
    @Serial
    private static final long serialVersionUID = 1L;

    private final Status.Code code;

    KvStoreException(Status.Code code, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.code = code;
    }

    /** The gRPC code, which the wire contract gives its meaning. */
    public Status.Code code() {
        return code;
    }
}
