package kvstore.server;

import java.time.Duration;
import java.util.function.LongSupplier;
import org.awaitility.Awaitility;

/** Waiting for what a daemon shows of itself. */
final class Await {
    private static final Duration LIMIT = Duration.ofSeconds(30);

    private Await() {}

    static void until(LongSupplier figure, long least) {
        Awaitility.await().atMost(LIMIT).until(() -> figure.getAsLong() >= least);
    }
}
