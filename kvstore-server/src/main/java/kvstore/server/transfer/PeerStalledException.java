package kvstore.server.transfer;

import java.io.IOException;
import java.io.Serial;

/** The peer made no progress for as long as it may; its memory is wanted back. */
public final class PeerStalledException extends IOException {
    @Serial
    private static final long serialVersionUID = 1L;

    /** @param message what the peer did not do, and for how long */
    public PeerStalledException(String message) {
        super(message);
    }
}
