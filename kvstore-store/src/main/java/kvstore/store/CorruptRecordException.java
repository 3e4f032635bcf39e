package kvstore.store;

import java.io.IOException;
import java.io.Serial;

/** What lies on disk is not the record that the index promised. The message says what differs. */
public final class CorruptRecordException extends IOException {
    @Serial
    private static final long serialVersionUID = 1L;

    CorruptRecordException(String message) {
        super(message);
    }
}
