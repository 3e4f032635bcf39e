package kvstore.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.function.Consumer;
import java.util.stream.LongStream;
import kvstore.api.IoEngine;
import kvstore.server.FaultyEngine.Call;
import kvstore.server.FaultyEngine.Fault;
import kvstore.v1.PutStatus;
import kvstore.v1.StatRequest;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A whole daemon on a disk that fails at random, under several clients that know what they stored. The seed is the test's
 * parameter; {@code -Dkvstore.test.seed} gives another one, and the long run takes many.
 */
@Timeout(180)
final class FaultTest {
    private static final int CLIENTS = 4;
    private static final int STEPS = 120;
    private static final double PROBABILITY = 0.05;
    private static final int LONG_RUN_SEEDS = 30;

    @TempDir
    Path directory;

    private @Nullable DaemonUnderTest daemon;
    private @Nullable FaultyEngine engine;
    private final List<ModelClient> clients = new ArrayList<>();
    private Tally tally = new Tally();

    @AfterEach
    void stopDaemon() {
        if (daemon != null) {
            daemon.close();
        }
    }

    static LongStream seeds() {
        Long seed = Long.getLong("kvstore.test.seed");
        return seed == null ? LongStream.of(1, 2) : LongStream.of(seed);
    }

    static LongStream manySeeds() {
        return new Random().longs(LONG_RUN_SEEDS, 0, Integer.MAX_VALUE);
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void aDiskThatFails(long seed) throws StartException {
        disk(seed, RandomFaults.LOUD);
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void aDiskThatLies(long seed) throws StartException {
        disk(seed, RandomFaults.SILENT);
    }

    @Tag("long")
    @ParameterizedTest(name = "seed {0}")
    @MethodSource("manySeeds")
    void aDiskThatFailsForLong(long seed) throws StartException {
        disk(seed, RandomFaults.LOUD);
    }

    @Tag("long")
    @ParameterizedTest(name = "seed {0}")
    @MethodSource("manySeeds")
    void aDiskThatLiesForLong(long seed) throws StartException {
        disk(seed, RandomFaults.SILENT);
    }

    private void disk(long seed, Map<Call, List<Fault>> faults) throws StartException {
        boolean silent = faults.equals(RandomFaults.SILENT);
        start(FaultyEngine.NO_FAULTS);
        for (int i = 0; i < CLIENTS; i++) {
            clients.add(new ModelClient(i, seed, silent, stubs(), tally));
        }
        engine().follow(new RandomFaults(seed, PROBABILITY, faults));
        all(client -> client.run(STEPS));
        engine().follow(FaultyEngine.NO_FAULTS);
        all(ModelClient::verify);
        assertThat(engine().count()).as("faults").isPositive();
        assertCounted(silent);
        assertWorks();

        restart(FaultyEngine.NO_FAULTS);
        all(ModelClient::verify);
        all(client -> client.run(STEPS / 4));

        clients.forEach(ModelClient::expectAnything);
        restart(new RandomFaults(seed, PROBABILITY, RandomFaults.AT_START));
        engine().follow(FaultyEngine.NO_FAULTS);
        all(ModelClient::verify);
        assertWorks();
    }

    private void assertCounted(boolean silent) {
        Idle.await(daemon());
        Scrape scrape = Scrape.of(daemon());
        tally.assertCounted(scrape);
        if (silent) {
            // Two clients may meet the same bad record of a shared key.
            assertThat(scrape.count("kvstore_store_corrupt_records_total"))
                    .isBetween(1L, tally.count("get", "miss", "corrupt"));
        } else {
            assertThat(scrape.count("kvstore_store_corrupt_records_total")).isZero();
            assertThat(scrape.count("kvstore_store_io_failures_total", "operation=\"header\""))
                    .isPositive();
            assertThat(scrape.count("kvstore_store_evicted_chunks_total")).isZero();
        }
    }

    private void assertWorks() {
        String key = "afterwards-" + tally.hashCode();
        ByteString value = Payloads.bytes(key, 1_000_000);
        // After a segment that could not be made, the daemon refuses for a second before it tries again.
        Awaitility.await().until(() -> stubs().put(key, value).getStatus() == PutStatus.PUT_STATUS_STORED);
        assertThat(stubs().get(key).data().equals(value)).isTrue();
        assertThat(stubs().admin().stat(StatRequest.getDefaultInstance()).getReady())
                .isTrue();
        assertThat(daemon().http("/readyz").statusCode()).isEqualTo(200);
    }

    private void start(FaultyEngine.Plan plan) throws StartException {
        daemon = DaemonUnderTest.start(
                directory,
                real -> remember(new FaultyEngine(real, plan)),
                "data.capacity=2GiB",
                "data.segment-size=64MiB",
                "data.max-value-size=20MiB");
    }

    private void restart(FaultyEngine.Plan plan) throws StartException {
        daemon().close();
        start(plan);
        tally = new Tally();
        clients.forEach(client -> client.reconnect(stubs(), tally));
    }

    private IoEngine remember(FaultyEngine made) {
        engine = made;
        return made;
    }

    /** Each client on a thread of its own; fails with the first failure. */
    private void all(Consumer<ModelClient> work) {
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            CompletableFuture.allOf(clients.stream()
                            .map(client -> CompletableFuture.runAsync(() -> work.accept(client), threads))
                            .toArray(CompletableFuture[]::new))
                    .join();
        }
    }

    private GeneratedStubs stubs() {
        return new GeneratedStubs(daemon().tcp());
    }

    private DaemonUnderTest daemon() {
        return Objects.requireNonNull(daemon);
    }

    private FaultyEngine engine() {
        return Objects.requireNonNull(engine);
    }
}
