package kvstore.server.resp;

import java.io.IOException;
import java.io.Serial;

/** These bytes are no command. The connection cannot go on, because nobody knows where the next one begins. */
final class RespProtocolException extends IOException {
    @Serial
    private static final long serialVersionUID = 1L;

    /** @param message what is wrong; sent to the client after {@code -ERR Protocol error: } */
    RespProtocolException(String message) {
        super(message);
    }
}
