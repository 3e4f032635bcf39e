package kvstore.client.wire;

import java.io.IOException;
import java.io.Serial;

/** The bytes are not the protobuf message that they should be. */
public final class WireFormatException extends IOException {
    @Serial
    private static final long serialVersionUID = 1L;

    public WireFormatException(String message) {
        super(message);
    }
}
