package kvstore.store;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import kvstore.api.IoFailure;

/** Waits for an engine. */
final class Io {
    private Io() {}

    /**
     * Waits until the operation has ended, whatever happens: the engine may use the buffer until then. So it does not
     * react to interrupts.
     */
    static void await(CompletableFuture<Void> operation) throws IoFailure {
        try {
            operation.join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof IoFailure failure) {
                throw failure;
            }
            throw e;
        }
    }
}
