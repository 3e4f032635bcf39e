package kvstore.server.transfer;

import java.io.IOException;
import java.io.Serial;

/** The peer ended the transfer, or its connection. Nobody is left to be answered. */
public final class PeerGoneException extends IOException {
    @Serial
    private static final long serialVersionUID = 1L;

    public PeerGoneException() {
        super("the client has gone");
    }
}
