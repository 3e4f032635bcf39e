package kvstore.bench.load;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonParser;
import java.time.Duration;
import kvstore.bench.Throughput;
import org.junit.jupiter.api.Test;

final class FioPeerTest {
    @Test
    void understandsFio3() {
        String output = """
                {"fio version": "fio-3.33", "jobs": [{"jobname": "kvstore-bench", "error": 0,
                 "read": {"io_bytes": 0, "runtime": 0},
                 "write": {"io_bytes": 1073741824, "io_kbytes": 1048576, "runtime": 647, "bw_bytes": 1659569279}}]}
                """;

        assertThat(FioPeer.parse(JsonParser.parseString(output).getAsJsonObject(), "write"))
                .isEqualTo(new Throughput(1 << 30, Duration.ofMillis(647)));
    }
}
