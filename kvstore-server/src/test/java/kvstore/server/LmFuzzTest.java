package kvstore.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.SocketException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Random bytes, right and wrong, at the lm door. The seed is the test's parameter; {@code -Dkvstore.test.seed} gives another
 * one.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(120)
final class LmFuzzTest {
    private static final int CONNECTIONS = 60;
    private static final int STEPS = 12;
    private static final int LONG_RUN_SEEDS = 100;

    private final NettyLeaks leaks = new NettyLeaks();

    private DaemonUnderTest daemon;

    @BeforeAll
    void start(@TempDir Path directory) throws StartException {
        daemon = DaemonUnderTest.start(
                directory, "lm.listen=127.0.0.1:0", "lm.lease-duration=0ms", "grpc.stall-timeout=200ms");
    }

    @AfterAll
    void stop() {
        daemon.close();
        assertThat(leaks.find()).isEmpty();
        leaks.close();
    }

    static LongStream seeds() {
        Long seed = Long.getLong("kvstore.test.seed");
        return seed == null ? LongStream.of(1, 2, 3) : LongStream.of(seed);
    }

    static LongStream manySeeds() {
        return new Random().longs(LONG_RUN_SEEDS, 0, Integer.MAX_VALUE);
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void whateverComesTheOthersAreServed(long seed) throws IOException {
        Random random = new Random(seed);
        // What a client that keeps to the rules stored must be there in the end, and nothing else under its keys.
        Map<String, byte[]> stored = new HashMap<>();
        try (LmClient honest = LmClient.connect(daemon)) {
            for (int i = 0; i < CONNECTIONS; i++) {
                String key = "honest-" + seed + "-" + i;
                byte[] value = bytes(random, 1 + random.nextInt(200_000));
                honest.put(key, value, LmClient.Meta.NONE);
                stored.put(key, value);
                try (LmClient hostile = random.nextBoolean() ? LmClient.connect(daemon) : LmClient.connectOld(daemon)) {
                    attack(random, hostile);
                } catch (SocketException _) {
                    // the daemon had enough of it
                }
            }
            for (Map.Entry<String, byte[]> each : stored.entrySet()) {
                assertThat(honest.get(each.getKey()).bytes()).isEqualTo(each.getValue());
            }
        }
        Idle.await(daemon);
    }

    @Tag("long")
    @ParameterizedTest(name = "seed {0}")
    @MethodSource("manySeeds")
    void forLong(long seed) throws IOException {
        whateverComesTheOthersAreServed(seed);
    }

    private static void attack(Random random, LmClient client) throws IOException {
        for (int step = 0; step < STEPS; step++) {
            switch (random.nextInt(6)) {
                case 0 -> client.send(bytes(random, 1 + random.nextInt(1000)));
                case 1 -> client.send(damaged(random, header(random, client)));
                case 2 -> {
                    byte[] header = header(random, client);
                    client.send(header, random.nextInt(header.length));
                }
                case 3 -> client.send(header(random, client));
                case 4 -> client.put("k" + random.nextInt(5), bytes(random, random.nextInt(100_000)), meta(random));
                default -> {
                    client.send(client.header(LmClient.PUT, random.nextInt(), meta(random), "k"));
                    client.send(bytes(random, random.nextInt(300_000)));
                }
            }
        }
    }

    private static byte[] header(Random random, LmClient client) {
        int command = random.nextInt(20) == 0 ? random.nextInt() : 1 + random.nextInt(5);
        int length = random.nextInt(10) == 0 ? random.nextInt() : random.nextInt(1000);
        return client.header(command, length, meta(random), "k" + random.nextInt(5));
    }

    private static LmClient.Meta meta(Random random) {
        return new LmClient.Meta(
                random.nextInt(300),
                random.nextInt(),
                random.nextInt(),
                List.of(random.nextInt(), random.nextInt(), random.nextInt(), random.nextInt()));
    }

    private static byte[] damaged(Random random, byte[] bytes) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
        return bytes;
    }

    private static byte[] bytes(Random random, int length) {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        return bytes;
    }
}
