package kvstore.bench.load;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.DoubleStream;
import kvstore.bench.Throughput;
import kvstore.client.cli.Json;
import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.Test;

final class BenchReportTest {
    private static final long CHUNK_BYTES = 16 << 20;
    private static final LoadPlan PLAN = new LoadPlan(List.of(CHUNK_BYTES), 64, 32, 3);

    @Test
    void takesTheMedian() {
        assertThat(result("client", 9, 1, 2).storeGigabytesPerSecond()).isEqualTo(2);
        assertThat(result("client", 4, 2).loadGigabytesPerSecond()).isEqualTo(3);
    }

    @Test
    void putsOursBesideThePeers() {
        assertThat(report(0).text()).isEqualTo("""
                        64 chunks of 16.0 MiB, 32 in flight, median of 3 rounds, on ext4 by odirect

                                         store      load       store/fs_native  load/fs_native  store/fio  load/fio
                        kvstore          1.00 GB/s  1.00 GB/s  0.50             0.50            0.25       0.25
                        fs_native        2.00 GB/s  2.00 GB/s  1.00             1.00            0.50       0.50
                        fio 4.0 MiB x 8  4.00 GB/s  4.00 GB/s  2.00             2.00            1.00       1.00
                        fio, same shape  3.00 GB/s  3.00 GB/s  1.50             1.50            0.75       0.75

                        lookup of 400 keys      p50 0.50 ms, p99 0.99 ms, max 1.00 ms
                        while chunks move       p50 0.50 ms, p99 0.99 ms, max 1.00 ms
                        lm, GET of 64 KiB       p50 0.50 ms, p99 0.99 ms, max 1.00 ms
                        lm, GET of 16 MiB       p50 0.50 ms, p99 0.99 ms, max 1.00 ms
                        daemon's heap           0.044 bytes allocated per byte of payload
                        daemon's CPU, in place  0.123 core-seconds per GB, checksums included
                        not measured            lmbench: is not here
                        """);
    }

    @Test
    void saysLoudlyWhatFailed() {
        assertThat(report(3).text()).contains("FAILURES", "3 chunks were not stored or not loaded");
        assertThat(report(3).failures()).isEqualTo(3);
    }

    @Test
    void isJsonToo() {
        JsonObject json = JsonParser.parseString(Json.write(report(0).json())).getAsJsonObject();
        JsonObject ours = json.getAsJsonArray("results").get(0).getAsJsonObject();
        assertThat(ours.get("peer").getAsString()).isEqualTo("kvstore");
        assertThat(ours.get("store_of_fs_native").getAsDouble()).isEqualTo(0.5);
        assertThat(json.get("heap_bytes_per_payload_byte").getAsDouble()).isEqualTo(0.044);
        assertThat(json.getAsJsonObject("lm")
                        .getAsJsonObject("get_16mib")
                        .get("p50_micros")
                        .getAsInt())
                .isEqualTo(500);
        assertThat(json.getAsJsonObject("lookup_idle").get("p99_micros").getAsInt())
                .isEqualTo(990);
    }

    @Test
    void doesWithoutPeers() {
        BenchReport alone = new BenchReport(
                PLAN,
                List.of(result("client", 1)),
                List.of(),
                Optional.empty(),
                List.of(),
                OptionalDouble.empty(),
                OptionalDouble.empty(),
                "ext4");

        assertThat(alone.text()).contains("client  1.00 GB/s  1.00 GB/s  -");
        assertThat(Json.write(alone.json())).doesNotContain("of_fs_native", "lookup");
    }

    @Test
    void putsBothBesideRedis() {
        BenchReport doors = new BenchReport(
                PLAN,
                List.of(result("resp", 3), result("redis", 2)),
                List.of(),
                Optional.empty(),
                List.of(),
                OptionalDouble.empty(),
                OptionalDouble.empty(),
                "ext4");

        assertThat(doors.text()).contains("store/redis  load/redis").containsPattern("resp .* 1.50 +1.50\n");
        assertThat(Json.write(doors.json())).contains("\"store_of_redis\":1.5");
    }

    private static BenchReport report(int failures) {
        Sample failed = new Sample(Throughput.NONE, Throughput.NONE, failures);
        return new BenchReport(
                PLAN,
                List.of(
                        new PeerResult(
                                "kvstore",
                                CHUNK_BYTES,
                                List.of(sample(1), sample(1), failures == 0 ? sample(1) : failed)),
                        result("fs_native", 2),
                        result("fio 4.0 MiB x 8", 4),
                        result("fio, same shape", 3)),
                List.of("lmbench: is not here"),
                Optional.of(new LookupLatency(histogram(), histogram())),
                List.of(new LmLatency("lm", histogram(), histogram())),
                OptionalDouble.of(0.0441),
                OptionalDouble.of(0.1234),
                "ext4 by odirect");
    }

    private static PeerResult result(String peer, double... gigabytesPerSecond) {
        return new PeerResult(
                peer,
                CHUNK_BYTES,
                DoubleStream.of(gigabytesPerSecond)
                        .mapToObj(BenchReportTest::sample)
                        .toList());
    }

    private static Sample sample(double gigabytesPerSecond) {
        Throughput throughput = new Throughput((long) (gigabytesPerSecond * 1e9), Duration.ofSeconds(1));
        return new Sample(throughput, throughput, 0);
    }

    /** 10, 20, ... 1000 microseconds. */
    private static Histogram histogram() {
        Histogram nanos = new Histogram(3);
        for (int i = 1; i <= 100; i++) {
            nanos.recordValue(i * 10_000L);
        }
        return nanos;
    }
}
