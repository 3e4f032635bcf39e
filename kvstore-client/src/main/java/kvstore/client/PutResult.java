package kvstore.client;

import kvstore.v1.PutReason;
import kvstore.v1.PutStatus;

/**
 * What became of one chunk of a put.
 *
 * @param reason for SHED and REJECTED
 * @param message for people: what happened and what helps; may be empty
 */
public record PutResult(PutStatus status, PutReason reason, String message) {
    /** Whether the value can be found now, by this put or by one before. */
    public boolean isStored() {
        return status == PutStatus.PUT_STATUS_STORED || status == PutStatus.PUT_STATUS_ALREADY_STORED;
    }
}
