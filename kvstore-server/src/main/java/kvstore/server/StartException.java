package kvstore.server;

import java.io.Serial;

/** The daemon cannot start. The message is for an operator: what is wrong and what helps. */
public final class StartException extends Exception {
    @Serial
    private static final long serialVersionUID = 1L;

    StartException(String message, Throwable cause) {
        super(message, cause);
    }
}
