package kvstore.store;

import java.io.Serial;

/** Ends a thread of a simulated process that was killed. An error, so that nobody takes it for a failure to be handled. */
final class SimKilled extends Error {
    @Serial
    private static final long serialVersionUID = 1L;

    SimKilled() {
        super("killed", null, false, false);
    }
}
