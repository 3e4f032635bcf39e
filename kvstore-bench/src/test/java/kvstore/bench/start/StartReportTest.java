package kvstore.bench.start;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.collect.ImmutableMap;
import java.time.Duration;
import java.util.List;
import kvstore.client.cli.Json;
import org.junit.jupiter.api.Test;

final class StartReportTest {
    private static final StartReport REPORT = new StartReport(ImmutableMap.of(
            "with AOT cache", List.of(Duration.ofMillis(900), Duration.ofMillis(700), Duration.ofMillis(800)),
            "without", List.of(Duration.ofMillis(1500), Duration.ofMillis(2500))));

    @Test
    void showsMedianAndSpread() {
        assertThat(REPORT.text())
                .containsPattern("with AOT cache +0.80 s +0.70 s +0.90 s +3\n")
                .containsPattern("without +2.00 s +1.50 s +2.50 s +2\n");
    }

    @Test
    void isJson() {
        assertThat(Json.write(REPORT.json()))
                .isEqualTo("{\"with AOT cache\":{\"median_seconds\":0.8,\"seconds\":[0.9,0.7,0.8]},"
                        + "\"without\":{\"median_seconds\":2.0,\"seconds\":[1.5,2.5]}}");
    }
}
