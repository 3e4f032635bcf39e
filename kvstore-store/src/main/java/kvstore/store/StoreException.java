package kvstore.store;

import java.io.IOException;
import java.io.Serial;
import org.jspecify.annotations.Nullable;

/** The store cannot be opened. The message is a sentence for an operator and says what helps. */
public final class StoreException extends IOException {
    @Serial
    private static final long serialVersionUID = 1L;

    StoreException(String message) {
        super(message);
    }

    StoreException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
