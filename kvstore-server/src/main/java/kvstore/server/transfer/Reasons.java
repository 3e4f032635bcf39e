package kvstore.server.transfer;

import kvstore.api.IoFailure;
import kvstore.store.ShedReason;
import kvstore.v1.PutReason;

/** The store's words for why not, in the words of the wire. */
public final class Reasons {
    private Reasons() {}

    static PutReason of(ShedReason reason) {
        return switch (reason) {
            case NO_SPACE -> PutReason.PUT_REASON_NO_SPACE;
            case IO_ERROR -> PutReason.PUT_REASON_IO_ERROR;
            case STOPPING -> PutReason.PUT_REASON_STOPPING;
        };
    }

    /** Why a put is shed whose payload could not be written. */
    public static PutReason of(IoFailure failure) {
        return switch (failure.kind()) {
            case NO_SPACE -> PutReason.PUT_REASON_NO_SPACE;
            case MEMORY_GONE -> PutReason.PUT_REASON_REGION_GONE;
            default -> PutReason.PUT_REASON_IO_ERROR;
        };
    }
}
