package kvstore.client.lmcache;

import java.io.Serial;

/** One file or key cannot be used; the others can. */
public final class UnusableException extends Exception {
    @Serial
    private static final long serialVersionUID = 1L;

    private final SkipReason reason;

    /**
     * @param detail what exactly, with the values that are wrong; of the file's own text only short parts
     */
    public UnusableException(SkipReason reason, String detail) {
        super(detail);
        this.reason = reason;
    }

    public SkipReason reason() {
        return reason;
    }
}
