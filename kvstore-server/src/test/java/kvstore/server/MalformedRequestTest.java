package kvstore.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import kvstore.v1.PutStatus;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What one client does wrong, it is told, and it costs the others nothing. One daemon takes it all. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(120)
final class MalformedRequestTest {
    private static final long SEED = 3;
    private static final int MIB = 1 << 20;
    private static final int ROUNDS = Integer.getInteger("kvstore.test.rounds", 3);

    /** Far less than a round would lose by a single frame each, far more than the collector's mood. */
    private static final long HEAP_GROWTH_BYTES_MAX = 8 * MIB;

    private static final long DIRECT_GROWTH_BYTES_MAX = 32 * MIB;

    private final Random random = new Random(SEED);
    private final NettyLeaks leaks = new NettyLeaks();

    private DaemonUnderTest daemon;

    @BeforeAll
    void startDaemon(@TempDir Path directory) throws StartException {
        daemon = DaemonUnderTest.start(directory, "grpc.stall-timeout=2s");
    }

    @AfterAll
    void stopDaemon() {
        daemon.close();
        assertThat(leaks.find()).isEmpty();
        leaks.close();
    }

    static Stream<Scenario> scenarios() {
        return Stream.of(MalformedCalls.all(), MalformedPuts.all(), AbandonedCalls.all())
                .flatMap(List::stream);
    }

    @ParameterizedTest
    @MethodSource("scenarios")
    void isToldAndForgotten(Scenario scenario) {
        play(scenario);
    }

    @Test
    void memoryStaysFlat() {
        List<Scenario> quick = scenarios().filter(scenario -> !scenario.slow()).toList();
        quick.forEach(this::play);
        Idle.await(daemon);
        DaemonMemory before = DaemonMemory.now();
        for (int round = 0; round < ROUNDS; round++) {
            quick.forEach(this::play);
        }
        Idle.await(daemon);
        DaemonMemory growth = DaemonMemory.now().minus(before);
        assertThat(growth.heapBytes()).as("%s", growth).isLessThan(HEAP_GROWTH_BYTES_MAX);
        assertThat(growth.directBytes()).as("%s", growth).isLessThan(DIRECT_GROWTH_BYTES_MAX);
    }

    @AfterEach
    void nothingIsHeldAndEverythingWorks() {
        Idle.await(daemon);
        try (Peer good = new Peer(daemon, random)) {
            String key = good.newKey();
            ByteString value = good.bytes(700_000);
            assertThat(good.stubs().put(key, value).getStatus()).isEqualTo(PutStatus.PUT_STATUS_STORED);
            assertThat(good.stubs().get(key).data()).isEqualTo(value);
        }
    }

    private void play(Scenario scenario) {
        try (Peer peer = new Peer(daemon, random)) {
            scenario.play().accept(peer);
        }
    }
}
