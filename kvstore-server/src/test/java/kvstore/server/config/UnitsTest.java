package kvstore.server.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class UnitsTest {
    @ParameterizedTest
    @CsvSource({
        "0, 0, 0B",
        "1, 1, 1B",
        "1023B, 1023, 1023B",
        "1024, 1024, 1KiB",
        "512KiB, 524288, 512KiB",
        "64 MiB, 67108864, 64MiB",
        "1536MiB, 1610612736, 1536MiB",
        "1TiB, 1099511627776, 1TiB",
        "7PiB, 7881299347898368, 7PiB",
        "8191PiB, 9222246136947933184, 8191PiB"
    })
    void sizes(String text, long bytes, String formatted) {
        assertThat(Sizes.parse(text)).isEqualTo(bytes);
        assertThat(Sizes.format(bytes)).isEqualTo(formatted);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "KiB", "-1", "1.5GiB", "1GB", "1gib", "1k", "8192PiB", "99999999999999999999"})
    void notSizes(String text) {
        assertThatIllegalArgumentException().isThrownBy(() -> Sizes.parse(text));
    }

    @ParameterizedTest
    @CsvSource({"0s, 0, 0s", "500ms, 500, 500ms", "30 s, 30000, 30s", "5m, 300000, 300s", "2h, 7200000, 7200s"})
    void durations(String text, long millis, String formatted) {
        assertThat(Durations.parse(text)).isEqualTo(Duration.ofMillis(millis));
        assertThat(Durations.format(Duration.ofMillis(millis))).isEqualTo(formatted);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "30", "s", "1.5s", "-1s", "1us", "1d", "9999999999s"})
    void notDurations(String text) {
        assertThatIllegalArgumentException().isThrownBy(() -> Durations.parse(text));
    }

    @ParameterizedTest
    @ValueSource(strings = {"000", "600", "640", "660", "777", "111"})
    void fileModes(String text) {
        assertThat(FileModes.format(FileModes.parse(text))).isEqualTo("0" + text);
        assertThat(FileModes.parse("0" + text)).isEqualTo(FileModes.parse(text));
    }

    @Test
    void addresses() {
        assertThat(ListenAddresses.parse("localhost:1"))
                .isEqualTo(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 1));
        assertThat(ListenAddresses.format(ListenAddresses.parse("[::1]:7420"))).isEqualTo("[0:0:0:0:0:0:0:1]:7420");
        assertThat(ListenAddresses.format(ListenAddresses.parse("127.0.0.1:7420")))
                .isEqualTo("127.0.0.1:7420");
    }

    @ParameterizedTest
    @CsvSource({"'', abc, 3", "abc, abc, 0", "kitten, sitting, 3", "flaw, lawn, 2", "ab, ba, 2"})
    void editDistances(String from, String to, int distance) {
        assertThat(KnownKeys.distance(from, to)).isEqualTo(distance);
        assertThat(KnownKeys.distance(to, from)).isEqualTo(distance);
    }
}
