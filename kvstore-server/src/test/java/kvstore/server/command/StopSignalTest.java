package kvstore.server.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

final class StopSignalTest {
    @Test
    void cleanStopIsZero() {
        assertThat(StopSignal.stop(() -> {}, Duration.ofMinutes(1))).isZero();
    }

    @Test
    void hangingStopIsAFailure() {
        CountDownLatch never = new CountDownLatch(1);
        assertThat(StopSignal.stop(() -> await(never), Duration.ofMillis(1))).isEqualTo(4);
        never.countDown();
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }
}
