package kvstore.server.trace;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.Test;

final class CallTraceTest {
    private static final int CALLS = 200_000;

    /** What the first calls cost once, in all: loading classes and the like. */
    private static final long ALLOCATED_BYTES_MAX = 64 << 10;

    @Test
    void aCallThatIsNotTracedAllocatesNothing() {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        use();
        long before = threads.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < CALLS; i++) {
            use();
        }
        assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(ALLOCATED_BYTES_MAX);
        assertThat(CallTrace.current()).isSameAs(CallTrace.OFF);
        assertThat(CallTrace.OFF.now()).isZero();
    }

    private static void use() {
        CallTrace trace = CallTrace.current();
        long begin = trace.now();
        trace.part("disk read", begin, 1, 2);
        trace.part("checksum", begin, begin, 1, 2);
    }
}
