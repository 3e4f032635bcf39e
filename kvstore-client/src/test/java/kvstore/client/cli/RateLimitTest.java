package kvstore.client.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine.TypeConversionException;

@NullMarked
final class RateLimitTest {
    private static final long SECOND = 1_000_000_000;

    private final FakeTimer timer = new FakeTimer();

    @Test
    void takesTheTimeThatTheBytesTake() {
        RateLimit limit = new RateLimit(100, timer);
        for (int i = 0; i < 11; i++) {
            limit.acquire(50);
        }
        // the first at once, each other half a second after the one before
        assertThat(timer.nanoTime()).isEqualTo(5 * SECOND);
    }

    @Test
    void aPauseIsNotMadeGood() {
        RateLimit limit = new RateLimit(100, timer);
        timer.pass(3600 * SECOND);
        long start = timer.nanoTime();
        for (int i = 0; i < 4; i++) {
            limit.acquire(100);
        }
        assertThat(timer.nanoTime() - start).isEqualTo(3 * SECOND);
    }

    @Test
    void slowWorkWaitsForNothing() {
        RateLimit limit = new RateLimit(100, timer);
        for (int i = 0; i < 4; i++) {
            limit.acquire(100);
            timer.pass(2 * SECOND);
        }
        assertThat(timer.sleeps()).isZero();
    }

    @Test
    void noLimit() {
        RateLimit limit = new RateLimit(RateLimit.UNLIMITED, timer);
        limit.acquire(Long.MAX_VALUE);
        limit.acquire(Long.MAX_VALUE);
        assertThat(timer.sleeps()).isZero();
    }

    @Test
    void asText() {
        assertThat(new ByteRate().convert("500MiB/s")).isEqualTo(500L << 20);
        assertThat(new ByteRate().convert("3GiB/s")).isEqualTo(3L << 30);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "0MiB/s", "500", "500MiB", "500MB/s", "-1MiB/s", "1.5GiB/s", "9999999999KiB/s"})
    void wrongText(String text) {
        assertThatThrownBy(() -> new ByteRate().convert(text))
                .isInstanceOf(TypeConversionException.class)
                .hasMessage("'%s' is no rate, such as 500MiB/s", text);
    }
}
