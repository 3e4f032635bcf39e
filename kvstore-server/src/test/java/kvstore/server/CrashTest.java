package kvstore.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.ManagedChannel;
import java.lang.management.ManagementFactory;
import java.lang.management.OperatingSystemMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Stream;
import kvstore.client.ClientOptions;
import kvstore.client.KvStoreClient;
import kvstore.client.Target;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A daemon that is killed while it stores, again and again over one directory. {@code -Dkvstore.test.seed} repeats a run, as
 * far as the moment of a kill can be repeated.
 */
@Timeout(300)
final class CrashTest {
    private static final int ROUNDS = 30;
    private static final int LONG_RUN_ROUNDS = 200;
    private static final int WRITERS = 3;
    private static final int KILL_MILLIS_MAX = 600;
    private static final Duration START_LIMIT = Duration.ofSeconds(5);

    private static final long MIB = 1 << 20;
    private static final long SEGMENT_BYTES = 64 * MIB;

    /** Of so many segments a round fills only a few, so that what it acknowledges is not evicted before it is looked at. */
    private static final long CAPACITY_BYTES = 12 * SEGMENT_BYTES;

    private static final long WRITER_BYTES_MAX = 48 * MIB;

    private final long seed = Long.getLong("kvstore.test.seed", new Random().nextInt(Integer.MAX_VALUE));
    private final Random random = new Random(seed);
    private final List<ChildDaemon> daemons = new ArrayList<>();

    @TempDir
    Path directory;

    private Path data = Path.of("");
    private CrashModel model = new CrashModel(new SegmentFiles(data));

    @BeforeEach
    void prepare() {
        data = directory.resolve("data");
        model = new CrashModel(new SegmentFiles(data));
    }

    @AfterEach
    void endDaemons() {
        daemons.forEach(ChildDaemon::close);
    }

    @Test
    void whatWasAcknowledgedOutlivesAKill() throws Exception {
        kill(ROUNDS);
    }

    @Tag("long")
    @Test
    @Timeout(3000)
    void whatWasAcknowledgedOutlivesManyKills() throws Exception {
        kill(LONG_RUN_ROUNDS);
    }

    private void kill(int rounds) throws Exception {
        System.out.println("CrashTest: -Dkvstore.test.seed=" + seed);
        Duration slowest = Duration.ZERO;
        int evictions = 0;
        for (int round = 0; round <= rounds; round++) {
            String context = "seed " + seed + ", round " + round;
            ChildDaemon daemon = start("s");
            Duration start = daemon.awaitReady();
            slowest = start.compareTo(slowest) > 0 ? start : slowest;
            assertThat(start).as(context).isLessThan(startLimit());
            ManagedChannel channel = daemon.channel();
            try {
                int evicted = model.verify(new GeneratedStubs(channel), random, context);
                evictions += evicted;
                if (evicted > 0) {
                    // Some are missing again by now: those that the last run had made and not yet used.
                    assertThat(bytesOnDisk()).as(context).isGreaterThan(CAPACITY_BYTES - 4 * SEGMENT_BYTES);
                }
                assertCapacity(context);
                writeAndKill(daemon, channel, round);
                assertCapacity(context);
            } finally {
                channel.shutdownNow();
            }
        }
        System.out.println("CrashTest: " + rounds + " kills, " + model.acknowledgements() + " acknowledged puts, "
                + evictions + " segments evicted, slowest start " + slowest.toMillis() + " ms");
        assertThat(model.acknowledgements()).isGreaterThan(rounds);
    }

    /** Longer where other programs want the processors, too: then they wait, not the daemon. */
    private static Duration startLimit() {
        OperatingSystemMXBean machine = ManagementFactory.getOperatingSystemMXBean();
        double overbooked = machine.getSystemLoadAverage() / machine.getAvailableProcessors();
        return Duration.ofMillis(Math.round(START_LIMIT.toMillis() * Math.max(1, overbooked)));
    }

    private void writeAndKill(ChildDaemon daemon, ManagedChannel channel, int round) throws InterruptedException {
        try (ExecutorService writers = Executors.newFixedThreadPool(WRITERS)) {
            write(writers, channel, round);
            daemon.run(Duration.ofMillis(random.nextInt(KILL_MILLIS_MAX)));
            daemon.kill();
        }
    }

    private void write(ExecutorService writers, ManagedChannel channel, int round) {
        List<List<String>> oldKeys =
                Stream.<List<String>>generate(ArrayList::new).limit(WRITERS).toList();
        model.keys()
                .forEach(key ->
                        oldKeys.get(Math.floorMod(key.hashCode(), WRITERS)).add(key));
        for (int i = 0; i < WRITERS; i++) {
            writers.execute(new CrashWriter(
                    "chunk-" + round + "-" + i, random.nextLong(), channel, model, oldKeys.get(i), WRITER_BYTES_MAX));
        }
    }

    @Test
    void aTermLetsPutsEndWithinTheBound() {
        ChildDaemon daemon = start("s");
        daemon.awaitReady();
        ManagedChannel channel = daemon.channel();
        try (ExecutorService writers = Executors.newFixedThreadPool(WRITERS)) {
            write(writers, channel, 0);
            Await.until(model::acknowledgements, 1);
            long begin = System.nanoTime();
            assertThat(daemon.terminate()).as(daemon.log()).isZero();
            assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(12));
        }
        channel.shutdownNow();
        assertThat(daemon.log()).contains("stopped stop_millis");
        ChildDaemon again = start("s");
        again.awaitReady();
        ManagedChannel other = again.channel();
        model.verify(new GeneratedStubs(other), random, "seed " + seed);
        other.shutdownNow();
        assertThat(again.terminate()).isZero();
    }

    @Test
    void aSecondDaemonOnTheDirectoryIsRefused() {
        ChildDaemon first = start("s");
        first.awaitReady();
        ChildDaemon second = start("t");
        assertThat(second.awaitExit()).isEqualTo(3);
        assertThat(second.log())
                .contains("nodes/test is in use by process", "Stop that daemon, or give this one another node name")
                .doesNotContain("\tat ");
        ManagedChannel channel = first.channel();
        assertThat(new GeneratedStubs(channel).lookup("key").getLeadingHits()).isZero();
        channel.shutdownNow();
    }

    @Test
    void theSocketOfAKilledDaemonIsInNobodysWay() {
        ChildDaemon first = start("s");
        first.awaitReady();
        first.kill();
        assertThat(Files.exists(directory.resolve("s"))).isTrue();
        start("s").awaitReady();
        Target target = new Target.Unix(directory.resolve("s"));
        try (KvStoreClient client = KvStoreClient.connect(target, ClientOptions.defaults())) {
            assertThat(client.hello().getEpoch()).isEqualTo(2);
        }
    }

    private ChildDaemon start(String socket) {
        ChildDaemon daemon = ChildDaemon.start(
                data,
                directory.resolve("log-" + daemons.size()),
                List.of(
                        "node=test",
                        "data.capacity=" + CAPACITY_BYTES,
                        "data.segment-size=" + SEGMENT_BYTES,
                        "data.max-value-size=20MiB",
                        "memory.slab-size=64MiB",
                        "grpc.listen=127.0.0.1:0",
                        "grpc.unix-socket=" + directory.resolve(socket),
                        "admin.listen=",
                        "shutdown.drain-timeout=2s"));
        daemons.add(daemon);
        return daemon;
    }

    private void assertCapacity(String context) {
        assertThat(bytesOnDisk()).as(context).isLessThanOrEqualTo(CAPACITY_BYTES);
    }

    private long bytesOnDisk() {
        return new SegmentFiles(data).bytesOnDisk();
    }
}
