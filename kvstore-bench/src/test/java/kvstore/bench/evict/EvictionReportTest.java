package kvstore.bench.evict;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import kvstore.bench.Throughput;
import kvstore.client.cli.ExitCode;
import kvstore.client.cli.Main;
import org.junit.jupiter.api.Test;

final class EvictionReportTest {
    private static final EvictionPlan PLAN = new EvictionPlan(4L << 20, 1L << 30, 1L << 30, 3);

    /** Turns that read so many bytes in a second. */
    private static List<Turn> turns(long... read) {
        return LongStream.of(read)
                .mapToObj(bytes -> new Turn(
                        new Throughput(bytes, Duration.ofSeconds(1)),
                        new Throughput(500_000_000, Duration.ofSeconds(1)),
                        7,
                        1,
                        0))
                .toList();
    }

    @Test
    void theCostIsTheMedianOfTheRounds() {
        EvictionReport report = new EvictionReport(
                PLAN,
                Map.of(
                        Mode.ROOM, turns(1_000_000_000, 2_000_000_000L, 1_000_000_000),
                        // A round in which everything was slow says as much as any other.
                        Mode.OLDEST, turns(980_000_000, 1_900_000_000, 100_000_000),
                        Mode.REINSERT, turns(1_100_000_000, 2_200_000_000L, 1_100_000_000)));
        assertThat(report.cost(Mode.OLDEST)).isCloseTo(0.05, within(1e-9));
        assertThat(report.cost(Mode.REINSERT)).isCloseTo(-0.1, within(1e-9));
        assertThat(report.text())
                .startsWith(
                        "10 chunks of 4.0 MiB read all the time, 1.0 GiB written beside in each turn, median of 3 rounds")
                .containsPattern("room +1.000 +0.500 +- +21 +3 +0\n")
                .containsPattern("oldest +0.980 +0.500 +5.0 % +21 +3 +0\n");
        assertThat(report.json()).containsOnlyKeys("room", "oldest", "reinsert");
    }

    @Test
    void whatIsReadFitsIntoTheBudgetOfReinsertion() {
        assertThat(PLAN.hotChunks() * PLAN.chunkBytes()).isLessThan(PLAN.capacityBytes() / 10);
        assertThat(PLAN.fillChunks()).isEqualTo(256);
        assertThat(Mode.ROOM.settings(PLAN)).contains("data.capacity=7424MiB");
        assertThat(Mode.REINSERT.settings(PLAN)).contains("data.capacity=1024MiB", "eviction.policy=reinsert");
    }

    @Test
    void whatIsWrongIsNamed() {
        assertThatThrownBy(() -> new EvictionPlan(100, 1L << 30, 1L << 30, 1)).hasMessageContaining("--size");
        assertThatThrownBy(() -> new EvictionPlan(4L << 20, 1L << 20, 1L << 30, 1))
                .hasMessageContaining("--capacity");
        assertThatThrownBy(() -> new EvictionPlan(4L << 20, 1L << 30, 1, 1)).hasMessageContaining("--write");
        assertThatThrownBy(() -> new EvictionPlan(4L << 20, 1L << 30, 1L << 30, 0))
                .hasMessageContaining("--rounds");
    }

    @Test
    void isFoundByTheCommandLine() {
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int exitCode = Main.run(
                InputStream.nullInputStream(),
                new PrintStream(OutputStream.nullOutputStream()),
                new PrintStream(err),
                "bench-eviction",
                "--rounds",
                "0");
        assertThat(exitCode).isEqualTo(ExitCode.USAGE.code());
        assertThat(err.toString(StandardCharsets.UTF_8)).contains("--rounds must be at least 1");
    }
}
