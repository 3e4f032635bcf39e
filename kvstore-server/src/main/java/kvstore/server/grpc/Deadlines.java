package kvstore.server.grpc;

import io.grpc.Context;
import io.grpc.Deadline;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** When callers stop waiting, by {@link System#nanoTime}. */
final class Deadlines {
    private Deadlines() {}

    /** That of the call whose thread this is; empty if it has none. */
    static Optional<Long> ofCall() {
        Deadline deadline = Context.current().getDeadline();
        return deadline == null
                ? Optional.empty()
                : Optional.of(System.nanoTime() + deadline.timeRemaining(TimeUnit.NANOSECONDS));
    }

    /**
     * The same, or sooner.
     *
     * @param timeoutMillis from now; 0 for no limit
     */
    static Optional<Long> ofCallWithin(long timeoutMillis) {
        Optional<Long> call = ofCall();
        if (timeoutMillis == 0) {
            return call;
        }
        long within = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMillis);
        return Optional.of(call.filter(deadline -> deadline - within < 0).orElse(within));
    }
}
