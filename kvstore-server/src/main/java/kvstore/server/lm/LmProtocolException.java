package kvstore.server.lm;

import java.io.IOException;
import java.io.Serial;

/** What a client sent has no meaning, so where its next request begins is not known either. */
final class LmProtocolException extends IOException {
    @Serial
    private static final long serialVersionUID = 1L;

    LmProtocolException(String message) {
        super(message);
    }
}
