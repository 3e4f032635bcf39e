package kvstore.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

final class BreakerTest {
    private static final int RETRY_MILLIS = 1000;

    private long nowNanos = Long.MAX_VALUE - 5; // the clock may pass the end of its range
    private final Breaker breaker = new Breaker(3, RETRY_MILLIS, () -> nowNanos);

    @Test
    void opensAfterFailuresInARow() {
        breaker.failed();
        breaker.failed();
        breaker.succeeded();
        breaker.failed();
        breaker.failed();
        assertThat(breaker.allows()).isTrue();
        breaker.failed();
        assertThat(breaker.allows()).isFalse();
        assertThat(breaker.isOpen()).isTrue();
        assertThat(breaker.opened()).isEqualTo(1);
    }

    @Test
    void letsOneTryAfterAWhile() {
        open();
        assertThat(breaker.allows()).isTrue();
        assertThat(breaker.allows()).as("a second one").isFalse();
        breaker.succeeded();
        assertThat(breaker.allows()).isTrue();
        assertThat(breaker.isOpen()).isFalse();
    }

    @Test
    void staysOpenIfTheTryFails() {
        open();
        assertThat(breaker.allows()).isTrue();
        breaker.failed();
        assertThat(breaker.allows()).isFalse();
        pass();
        assertThat(breaker.allows()).isTrue();
        breaker.undecided();
        assertThat(breaker.allows()).isFalse();
        pass();
        assertThat(breaker.allows()).isTrue();
        assertThat(breaker.opened()).isEqualTo(1);
    }

    @Test
    void canBeTripped() {
        breaker.trip();
        assertThat(breaker.isOpen()).isTrue();
        assertThat(breaker.allows()).isFalse();
        pass();
        assertThat(breaker.allows()).isTrue();
        breaker.succeeded();
        assertThat(breaker.isOpen()).isFalse();
        assertThat(breaker.opened()).isEqualTo(1);
    }

    private void open() {
        breaker.failed();
        breaker.failed();
        breaker.failed();
        assertThat(breaker.allows()).isFalse();
        pass();
    }

    private void pass() {
        nowNanos += TimeUnit.MILLISECONDS.toNanos(RETRY_MILLIS);
    }
}
