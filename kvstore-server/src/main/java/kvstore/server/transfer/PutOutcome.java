package kvstore.server.transfer;

import kvstore.v1.PutReason;
import kvstore.v1.PutStatus;

/**
 * How a put ended.
 *
 * @param reason unspecified for chunks that are stored
 * @param message for people; may be empty
 */
public record PutOutcome(PutStatus status, PutReason reason, String message) {
    /** A chunk that is stored, now or before. */
    public static PutOutcome of(PutStatus status) {
        return new PutOutcome(status, PutReason.PUT_REASON_UNSPECIFIED, "");
    }

    /** The daemon could not or would not store it now. */
    public static PutOutcome shed(PutReason reason, String message) {
        return new PutOutcome(PutStatus.PUT_STATUS_SHED, reason, message);
    }

    /** Not as the contract allows it; the caller has a fault. */
    public static PutOutcome rejected(PutReason reason, String message) {
        return new PutOutcome(PutStatus.PUT_STATUS_REJECTED, reason, message);
    }
}
