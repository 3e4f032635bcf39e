package kvstore.server.view;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import kvstore.server.metrics.DaemonMetrics;
import kvstore.v1.GetStatus;
import kvstore.v1.HistoryStep;
import kvstore.v1.MissReason;
import kvstore.v1.PutReason;
import kvstore.v1.PutStatus;
import org.junit.jupiter.api.Test;

final class HistoryTest {
    private final AtomicLong millis = new AtomicLong(1_000_000);

    @Test
    void aStepIsWhatHappenedInIt() {
        try (DaemonMetrics metrics = new DaemonMetrics();
                History history = history(metrics)) {
            metrics.put(PutStatus.PUT_STATUS_STORED, PutReason.PUT_REASON_UNSPECIFIED, 100, 3_000_000);
            metrics.put(PutStatus.PUT_STATUS_SHED, PutReason.PUT_REASON_NO_MEMORY, 100, 1);
            metrics.lookup(5, 4, 3, 90_000);
            end(history);
            metrics.get(GetStatus.GET_STATUS_HIT, MissReason.MISS_REASON_UNSPECIFIED, 100, 700_000);
            metrics.get(GetStatus.GET_STATUS_MISS, MissReason.MISS_REASON_ABSENT, 0, 1);
            end(history);

            HistoryStep first = history.after(0).getSteps(0);
            assertThat(first.getMillis()).isEqualTo(2000);
            assertThat(first.getPutBytes()).isEqualTo(100);
            assertThat(first.getPutMedianMicros()).isBetween(2500L, 5000L);
            assertThat(first.getLookupFoundKeys()).isEqualTo(4);
            assertThat(first.getPutRefused()).isEqualTo(1);
            assertThat(first.getRefusals(0).getReason()).isEqualTo("no_memory");
            assertThat(first.getUsedBytes()).isEqualTo(7);
            HistoryStep second = history.after(first.getEndMillis()).getSteps(0);
            assertThat(second.getGetHits()).isEqualTo(1);
            assertThat(second.getPutStored()).isZero();
            assertThat(second.getPutMedianMicros()).isZero();
            assertThat(second.getGetP99Micros()).isBetween(500L, 1000L);
            assertThat(second.getMisses(0).getReason()).isEqualTo("absent");
            assertThat(history.refusals(Duration.ofMinutes(5))).isEqualTo(Map.of("no_memory", 1L));
            assertThat(history.refusals(Duration.ofSeconds(1))).isEmpty();
        }
    }

    @Test
    void onlyTheLastMinutesAreKept() {
        try (DaemonMetrics metrics = new DaemonMetrics();
                History history = history(metrics)) {
            for (int i = 0; i < History.STEPS_MAX + 10; i++) {
                end(history);
            }
            assertThat(history.after(0).getStepsCount()).isEqualTo(History.STEPS_MAX);
        }
    }

    private History history(DaemonMetrics metrics) {
        return new History(new History.Sources(metrics::totals, () -> 7, () -> 8), millis::get);
    }

    private void end(History history) {
        millis.addAndGet(2000);
        history.step();
    }
}
