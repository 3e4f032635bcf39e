package kvstore.server.region;

import java.io.Serial;

/** Client and daemon see memory of different sizes, and so would not mean the same bytes. */
public final class SizeMismatchException extends Exception {
    @Serial
    private static final long serialVersionUID = 1L;

    SizeMismatchException(long saidBytes, long seenBytes) {
        super("size_bytes is " + saidBytes + ", but the memory that was handed over has " + seenBytes + " bytes");
    }
}
