package kvstore.gds;

import static org.assertj.core.api.Assertions.assertThat;

import kvstore.gds.PathCounters.Requests;
import org.junit.jupiter.api.Test;

final class PathCountersTest {
    @Test
    void theKernelModulesTextIsUnderstood() {
        String text = """
                GDS Version: 1.9.0.20
                NVFS statistics(ver: 4.0)
                NVFS Driver(version: 2.19.7)
                IO stats: Enabled, peer IO stats: Enabled
                Active Shadow-Buffer (MiB): 128
                Reads\t\t\t\t: n=12 ok=12 err=0 readMiB=48 io_state_err=0
                Reads\t\t\t\t: Bandwidth(MiB/s)=0 Avg-Latency(usec)=0
                Writes\t\t\t\t: n=30 ok=30 err=0 writeMiB=120 io_state_err=0 pg-cache=0
                Mmap\t\t\t\t: n=8 ok=8 err=0 munmap=8
                """;
        assertThat(PathCounters.parse(text)).isEqualTo(new Requests(42, 0));
        assertThat(PathCounters.parse("")).isEqualTo(new Requests(0, 0));
        assertThat(new Requests(42, 3).since(new Requests(40, 3))).isEqualTo(new Requests(2, 0));
    }
}
