package kvstore.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.api.Test;

final class ThroughputTest {
    @Test
    void countsBillionsOfBytes() {
        Throughput throughput = new Throughput(3_000_000_000L, Duration.ofSeconds(2));

        assertThat(throughput.gigabytesPerSecond()).isEqualTo(1.5);
        assertThat(throughput).hasToString("1.50 GB/s");
    }

    @Test
    void addsUpOneAfterTheOther() {
        Throughput sum = new Throughput(3_000_000_000L, Duration.ofSeconds(2))
                .plus(new Throughput(1_000_000_000L, Duration.ofSeconds(2)))
                .plus(Throughput.NONE);

        assertThat(sum.gigabytesPerSecond()).isEqualTo(1);
    }

    @Test
    void ofNothingIsNothing() {
        assertThat(Throughput.NONE.gigabytesPerSecond()).isZero();
        assertThatThrownBy(() -> new Throughput(1, Duration.ZERO)).isInstanceOf(IllegalArgumentException.class);
    }
}
