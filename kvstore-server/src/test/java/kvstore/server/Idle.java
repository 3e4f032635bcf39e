package kvstore.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.awaitility.Awaitility;

/** That a daemon whose clients are done holds nothing for them any more: what it still held would be held for ever. */
final class Idle {
    private static final Duration LIMIT = Duration.ofSeconds(20);

    private static final Duration POLL = Duration.ofMillis(20);

    /** The segment that is written, the spare one, and one that is being sealed. */
    private static final int HELD_BY_THE_WRITER = 3;

    private Idle() {}

    /** Waits for calls to end by themselves, and fails if anything is left of them. */
    static void await(DaemonUnderTest daemon) {
        Awaitility.await()
                .atMost(LIMIT)
                .pollDelay(Duration.ZERO)
                .pollInterval(POLL)
                .untilAsserted(() -> {
                    Scrape scrape = Scrape.of(daemon);
                    assertThat(scrape.gauge("kvstore_memory_used_bytes"))
                            .as("slabs")
                            .isZero();
                    assertThat(scrape.gauge("kvstore_memory_waiters"))
                            .as("waiters")
                            .isZero();
                    assertThat(scrape.gauge("kvstore_store_reservations"))
                            .as("reservations")
                            .isZero();
                    assertThat(scrape.gauge("kvstore_in_flight_transfers"))
                            .as("transfers")
                            .isZero();
                    assertThat(scrape.gauge("kvstore_store_leases"))
                            .as("leases")
                            .isZero();
                    assertThat(scrape.gauge("kvstore_store_segments", "state=\"held\""))
                            .as("pinned segments")
                            .isLessThanOrEqualTo(HELD_BY_THE_WRITER);
                    assertThat(scrape.gauge("kvstore_io_queued") + scrape.gauge("kvstore_io_running"))
                            .as("reads and writes")
                            .isZero();
                });
    }

    /** Waits until nobody moves a chunk, whoever still has a call open. */
    static void awaitTransfers(DaemonUnderTest daemon) {
        Awaitility.await()
                .atMost(LIMIT)
                .untilAsserted(() -> assertThat(Scrape.of(daemon).gauge("kvstore_in_flight_transfers"))
                        .isZero());
    }
}
