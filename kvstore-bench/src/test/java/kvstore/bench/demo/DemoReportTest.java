package kvstore.bench.demo;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.time.Duration;
import kvstore.api.IoPath;
import kvstore.bench.ChunkMover.Loaded;
import kvstore.bench.Throughput;
import kvstore.client.cli.ExitCode;
import kvstore.client.cli.Json;
import org.junit.jupiter.api.Test;

final class DemoReportTest {
    private static final Prompt PROMPT = Prompt.of(ModelShape.LLAMA_3_1_8B, 1024, 1);
    private static final int CHUNKS = 4;

    @Test
    void isOkOnlyIfAllIsRight() {
        assertThat(report(visit(CHUNKS, CHUNKS, CHUNKS)).verdict()).isEqualTo(ExitCode.OK);
        assertThat(report(visit(CHUNKS, 3, 3)).verdict()).isEqualTo(ExitCode.NO);
        assertThat(report(visit(3, CHUNKS, CHUNKS)).verdict()).isEqualTo(ExitCode.NO);
        assertThat(report(visit(CHUNKS, CHUNKS, 3)).verdict()).isEqualTo(ExitCode.WRONG_DATA);
    }

    @Test
    void putsOursBesideThePlainFiles() {
        assertThat(report(visit(CHUNKS, CHUNKS, CHUNKS)).text()).isEqualTo("""
                        1,024 tokens of meta-llama/Llama-3.1-8B: 4 chunks of 32.0 MiB, 128.0 MiB

                                              kvstore    plain O_DIRECT  ratio
                        store                 1.00 GB/s  2.00 GB/s       0.50
                        load                  2.00 GB/s  4.00 GB/s       0.50
                        load after a restart  2.00 GB/s  4.00 GB/s       0.50

                        lookup    0.25 ms for all 4 keys, 0.25 ms after the restart (median)
                        hits      4 of 4, after the restart 4 of 4
                        bytes     every one that came back compared and right; the daemon verified each checksum
                        start     0.90 s, with a full store 0.90 s
                        I/O path  odirect on ext4 (proven)
                        """);
    }

    @Test
    void saysLoudlyThatBytesAreWrong() {
        assertThat(report(visit(CHUNKS, CHUNKS, 3)).text()).contains("WRONG in 1 chunks");
    }

    @Test
    void survivesThatNothingCameBack() {
        DemoReport report = report(new Visit(Duration.ZERO, new Lookup(0, Duration.ofMillis(1)), Loaded.NONE));

        assertThat(report.text()).contains("load after a restart  0.00 GB/s  4.00 GB/s       -");
        JsonObject json = JsonParser.parseString(Json.write(report.json())).getAsJsonObject();
        assertThat(json.get("ok").getAsBoolean()).isFalse();
        assertThat(json.getAsJsonObject("after_restart").get("hits").getAsInt()).isZero();
    }

    private static Visit visit(int found, int hits, int right) {
        return new Visit(
                Duration.ofMillis(900), new Lookup(found, Duration.ofNanos(250_000)), new Loaded(rate(2), hits, right));
    }

    private static DemoReport report(Visit again) {
        return new DemoReport(
                PROMPT,
                rate(1),
                visit(CHUNKS, CHUNKS, CHUNKS),
                again,
                new Ceiling(rate(2), rate(4), IoPath.ODIRECT),
                "odirect",
                "proven",
                "ext4");
    }

    private static Throughput rate(long gigabytesPerSecond) {
        return new Throughput(gigabytesPerSecond * 1_000_000_000, Duration.ofSeconds(1));
    }
}
