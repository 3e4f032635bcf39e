package kvstore.server.scrub;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** With a clock that moves only while the scrub waits. */
final class PaceTest {
    private static final long SECOND_NANOS = 1_000_000_000L;

    private long now = 1;
    private int queued;
    private boolean goOn = true;
    private final Pace.Pause pause = nanos -> {
        assertThat(nanos).isLessThanOrEqualTo(Pace.SLICE_NANOS);
        now += nanos;
        return goOn;
    };

    private Pace pace(long bytesPerSecond) {
        return new Pace(bytesPerSecond, () -> queued, () -> now, pause);
    }

    @Test
    void keepsToTheRate() {
        Pace pace = pace(1 << 20);
        for (int i = 0; i < 11; i++) {
            assertThat(pace.mayRead(1 << 20)).isTrue();
        }
        assertThat(now).isEqualTo(1 + 10 * SECOND_NANOS);
    }

    @Test
    void doesNotCatchUp() {
        Pace pace = pace(1 << 20);
        assertThat(pace.mayRead(1 << 20)).isTrue();
        now += 3600 * SECOND_NANOS;
        assertThat(pace.mayRead(1 << 20)).isTrue();
        long before = now;
        assertThat(pace.mayRead(1 << 20)).isTrue();
        assertThat(now - before).isEqualTo(SECOND_NANOS);
    }

    @Test
    void withoutALimitItWaitsForNothing() {
        Pace pace = pace(0);
        assertThat(pace.mayRead(1 << 20)).isTrue();
        assertThat(pace.mayRead(1 << 20)).isTrue();
        assertThat(now).isEqualTo(1);
    }

    @Test
    void givesWayToReadsThatWaitButNotForever() {
        queued = 3;
        assertThat(pace(0).mayRead(1 << 20)).isTrue();
        assertThat(now).isEqualTo(1 + Pace.GIVE_WAY_NANOS);
    }

    @Test
    void endsWhenTold() {
        Pace pace = pace(1 << 20);
        assertThat(pace.mayRead(1 << 20)).isTrue();
        goOn = false;
        assertThat(pace.mayRead(1 << 20)).isFalse();
        assertThat(pace(0).mayRead(1)).isFalse();
    }
}
