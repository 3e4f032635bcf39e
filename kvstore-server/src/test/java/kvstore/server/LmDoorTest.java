package kvstore.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import kvstore.server.FaultyEngine.Call;
import kvstore.server.FaultyEngine.Fault;
import kvstore.v1.ListRequest;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** LMCache's TCP protocol against a whole daemon. */
@Timeout(60)
final class LmDoorTest {
    private static final int MIB = 1 << 20;
    private static final int METADATA_BYTES = 28;
    private static final int BLOCK_BYTES = 64 << 10;

    /** Numbers that no LMCache has: they are nobody's business here. */
    private static final LmClient.Meta META = new LmClient.Meta(7, -3, 2, List.of(2, Integer.MAX_VALUE, -1, 0));

    @TempDir
    Path directory;

    private @Nullable DaemonUnderTest daemon;
    private @Nullable FaultyEngine engine;

    @BeforeEach
    void start() throws StartException {
        daemon = DaemonUnderTest.start(
                directory,
                inner -> engine = new FaultyEngine(inner, FaultyEngine.NO_FAULTS),
                "lm.listen=127.0.0.1:0",
                "lm.lease-duration=0ms",
                "lm.max-connections=8",
                "grpc.stall-timeout=500ms");
    }

    @AfterEach
    void stop() {
        daemon().close();
    }

    @ParameterizedTest
    @ValueSource(
            ints = {
                1,
                35,
                BLOCK_BYTES - METADATA_BYTES,
                BLOCK_BYTES,
                16 * MIB - BLOCK_BYTES - METADATA_BYTES,
                16 * MIB - BLOCK_BYTES - METADATA_BYTES + 1,
                16 * MIB - METADATA_BYTES,
                16 * MIB,
                50_000_001
            })
    void theBytesAndWhatWasSaidOfThem(int length) throws IOException {
        byte[] payload = payload(length);
        try (LmClient client = LmClient.connect(daemon())) {
            assertThat(client.exists("key")).isFalse();
            client.put("key", payload, META);
            assertThat(client.exists("key")).isTrue();
            LmClient.Reply reply = client.get("key");
            assertThat(reply.code()).isEqualTo(LmClient.SUCCESS);
            assertThat(reply.meta()).isEqualTo(META);
            assertThat(reply.bytes()).isEqualTo(payload);
        }
        Idle.await(daemon());
    }

    @Test
    void aMissSaysWhatLmcachesServerSays() throws IOException {
        try (LmClient client = LmClient.connect(daemon())) {
            LmClient.Reply miss = client.get("absent");
            assertThat(miss.code()).isEqualTo(LmClient.FAIL);
            assertThat(miss.meta()).isEqualTo(LmClient.Meta.NONE);
            assertThat(miss.bytes()).isEmpty();
            client.send(client.header(LmClient.HEALTH, 0, META, ""));
            assertThat(client.reply().code()).isEqualTo(LmClient.SUCCESS);
            client.send(client.header(LmClient.LIST, 0, META, ""));
            assertThat(client.reply().code()).isEqualTo(LmClient.FAIL);
            for (int command : new int[] {LmClient.GET, LmClient.EXIST}) {
                client.send(client.header(command, 0, META, ""));
                assertThat(client.reply().code()).isEqualTo(LmClient.FAIL);
            }
        }
    }

    /** LMCache reads the header with one recv(36) and does not look how much came. */
    @Test
    void theHeaderComesInOnePiece() throws IOException {
        try (LmClient client = LmClient.connect(daemon())) {
            client.put("key", payload(3 * MIB), META);
            for (int round = 0; round < 50; round++) {
                client.send(client.header(LmClient.GET, 0, META, "key"));
                byte[] header = new byte[36];
                assertThat(client.readOnce(header)).isEqualTo(36);
                for (int left = 3 * MIB; left > 0; ) {
                    left -= client.readOnce(new byte[left]);
                }
            }
        }
    }

    @Test
    void requestsSentAheadAreAnsweredInOrder() throws IOException {
        try (LmClient client = LmClient.connect(daemon())) {
            for (int i = 0; i < 30; i++) {
                client.put("key" + i, payload(10_000 + i), META);
                client.send(client.header(LmClient.GET, 0, META, "key" + i));
                client.send(client.header(LmClient.EXIST, 0, META, "absent"));
            }
            for (int i = 0; i < 30; i++) {
                assertThat(client.reply().bytes()).isEqualTo(payload(10_000 + i));
                assertThat(client.reply().code()).isEqualTo(LmClient.FAIL);
            }
        }
    }

    @Test
    void theOldFormHasKeysOfItsOwn() throws IOException {
        try (LmClient old = LmClient.connectOld(daemon());
                LmClient client = LmClient.connect(daemon())) {
            old.put("vllm@key", payload(100_000), LmClient.Meta.NONE);
            assertThat(old.exists("vllm@key")).isTrue();
            assertThat(old.get("vllm@key").bytes()).isEqualTo(payload(100_000));
            assertThat(client.exists("vllm@key")).isFalse();
            client.put("vllm@key", payload(5), META);
            assertThat(old.get("vllm@key").bytes()).isEqualTo(payload(100_000));
            assertThat(old.get("absent").code()).isEqualTo(LmClient.FAIL);
        }
    }

    /** Another door must not take a value with something before it for one without. */
    @Test
    void otherDoorsSeeNoneOfTheseKeys() throws IOException {
        GeneratedStubs stubs = new GeneratedStubs(daemon().tcp());
        try (LmClient client = LmClient.connect(daemon())) {
            client.put("key", payload(100), META);
            assertThat(client.exists("key")).isTrue();
            assertThat(stubs.lookup("key").getLeadingHits()).isZero();
            stubs.put("other", ByteString.copyFrom(payload(200)));
            assertThat(client.exists("other")).isFalse();
            var listed = stubs.admin().list(ListRequest.getDefaultInstance());
            assertThat(listed.getChunksList())
                    .extracting(chunk -> chunk.getKey().toStringUtf8() + " " + chunk.getLength())
                    .containsExactlyInAnyOrder("key " + (100 + METADATA_BYTES), "other 200");
        }
    }

    @Test
    void aSecondPutOfOtherLengthReplaces() throws IOException {
        try (LmClient client = LmClient.connect(daemon())) {
            for (int length : new int[] {500, 70_000, 3}) {
                client.put("key", payload(length), META);
                assertThat(client.get("key").bytes()).isEqualTo(payload(length));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 6, -1, Integer.MAX_VALUE, Integer.MIN_VALUE})
    void anUnknownCommandEndsTheConnection(int command) throws IOException {
        try (LmClient client = LmClient.connect(daemon())) {
            client.send(client.header(command, 0, META, "key"));
            assertThat(client.isClosed()).isTrue();
        }
        assertThat(commands("unknown", "error")).isEqualTo(1);
    }

    @Test
    void aNegativeLengthEndsTheConnection() throws IOException {
        try (LmClient client = LmClient.connect(daemon())) {
            client.send(client.header(LmClient.PUT, -1, META, "key"));
            assertThat(client.isClosed()).isTrue();
        }
    }

    @Test
    void aValueThatIsTooLongIsReadAndDropped() throws IOException {
        try (LmClient client = LmClient.connect(daemon())) {
            int tooLong = 64 * MIB - METADATA_BYTES + 1;
            client.send(client.header(LmClient.PUT, tooLong, META, "key"));
            byte[] piece = new byte[MIB];
            for (int left = tooLong; left > 0; left -= MIB) {
                client.send(piece, Math.min(left, MIB));
            }
            assertThat(client.exists("key")).isFalse();
            client.put("", payload(10), META);
            client.send(client.header(LmClient.PUT, 0, META, "empty"));
            assertThat(client.exists("empty")).isFalse();
        }
        assertThat(commands("put", "dropped")).isEqualTo(3);
    }

    @Test
    void twoGibAnnouncedTakeNoMemory() throws IOException {
        try (LmClient client = LmClient.connect(daemon())) {
            client.send(client.header(LmClient.PUT, Integer.MAX_VALUE, META, "key"));
            client.send(new byte[MIB]);
            assertThat(Scrape.of(daemon()).gauge("kvstore_memory_used_bytes")).isZero();
            assertThat(client.isClosed()).isTrue();
        }
        assertThat(Scrape.of(daemon()).count("kvstore_lm_stalled_connections_total"))
                .isEqualTo(1);
        Idle.await(daemon());
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 11, 12, 185})
    void aHeaderThatStopsEndsTheConnection(int bytes) throws IOException {
        try (LmClient client = LmClient.connect(daemon())) {
            assertThat(client.exists("key")).isFalse();
            client.send(client.header(LmClient.GET, 0, META, "key"), bytes);
            assertThat(client.isClosed()).isTrue();
        }
        assertThat(Scrape.of(daemon()).count("kvstore_lm_stalled_connections_total"))
                .isEqualTo(1);
    }

    /** One byte at a time is progress all the same, but not for ever. */
    @Test
    void aHeaderThatTricklesEndsTheConnection() throws IOException {
        try (LmClient client = LmClient.connect(daemon())) {
            trickleUntilClosed(client, client.header(LmClient.GET, 0, META, "key"));
        }
    }

    /** It holds memory meanwhile. */
    @Test
    void aValueThatTricklesEndsTheConnection() throws IOException {
        try (LmClient client = LmClient.connect(daemon())) {
            client.send(client.header(LmClient.PUT, 100_000, META, "key"));
            trickleUntilClosed(client, payload(1000));
        }
        Idle.await(daemon());
        assertThat(commands("put", "cut")).isEqualTo(1);
    }

    private static void trickleUntilClosed(LmClient client, byte[] bytes) throws IOException {
        CompletableFuture<Integer> sent = CompletableFuture.supplyAsync(() -> {
            int at = 0;
            try {
                for (; at < bytes.length; at++) {
                    client.send(new byte[] {bytes[at]});
                    TimeUnit.MILLISECONDS.sleep(50);
                }
            } catch (IOException | InterruptedException _) {
                return at;
            }
            return at;
        });
        assertThat(client.isClosed()).isTrue();
        assertThat(get(sent)).isLessThan(bytes.length);
    }

    @Test
    void aValueThatStopsIsForgotten() throws IOException {
        try (LmClient client = LmClient.connect(daemon())) {
            client.send(client.header(LmClient.PUT, 20 * MIB, META, "key"));
            client.send(payload(17 * MIB));
            assertThat(client.isClosed()).isTrue();
        }
        Idle.await(daemon());
        try (LmClient client = LmClient.connect(daemon())) {
            assertThat(client.exists("key")).isFalse();
        }
        assertThat(commands("put", "cut")).isEqualTo(1);
    }

    @Test
    void aClientThatDoesNotReadIsEnded() throws IOException {
        try (LmClient client = LmClient.connect(daemon())) {
            client.put("key", payload(60 * MIB), META);
            client.send(client.header(LmClient.GET, 0, META, "key"));
            Awaitility.await().until(() -> Scrape.of(daemon()).count("kvstore_lm_stalled_connections_total") == 1);
            Idle.await(daemon());
        }
    }

    /** Between requests LMCache may be silent for hours, and does not connect again. */
    @Test
    void silenceBetweenRequestsEndsNothing() throws IOException, InterruptedException {
        try (LmClient client = LmClient.connect(daemon())) {
            client.put("key", payload(1000), META);
            assertThat(client.exists("key")).isTrue();
            TimeUnit.MILLISECONDS.sleep(1200); // more than twice the stall timeout
            assertThat(client.get("key").bytes()).isEqualTo(payload(1000));
        }
    }

    /** There is no reply to wait for, so a client may go as soon as its last byte is out. */
    @ParameterizedTest
    @ValueSource(ints = {10, MIB, 20 * MIB})
    void aPutWhoseClientGoesAtOnceIsStored(int length) throws IOException {
        try (LmClient client = LmClient.connect(daemon())) {
            client.put("first", payload(length), META);
            client.put("second", payload(length), META);
        }
        try (LmClient client = LmClient.connect(daemon())) {
            Awaitility.await().until(() -> client.exists("first") && client.exists("second"));
            assertThat(client.get("second").bytes()).isEqualTo(payload(length));
        }
        Idle.await(daemon());
    }

    @Test
    void aPutOnABrokenDiskIsReadAndDropped() throws IOException {
        try (LmClient client = LmClient.connect(daemon())) {
            client.put("before", payload(10), META);
            assertThat(client.exists("before")).isTrue();
            Objects.requireNonNull(engine).follow(new OneFault(Call.WRITE, bytes -> bytes > BLOCK_BYTES, Fault.EIO));
            client.put("key", payload(20 * MIB), META);
            assertThat(client.exists("key")).isFalse();
            client.put("key", payload(20 * MIB), META);
            assertThat(client.get("key").bytes()).isEqualTo(payload(20 * MIB));
        }
        assertThat(commands("put", "dropped")).isEqualTo(1);
        Idle.await(daemon());
    }

    @ParameterizedTest
    @ValueSource(ints = {1000, 5 * MIB, 20 * MIB})
    void aBadValueIsAMiss(int length) throws IOException {
        try (LmClient client = LmClient.connect(daemon())) {
            client.put("key", payload(length), META);
            assertThat(client.exists("key")).isTrue();
            Objects.requireNonNull(engine).follow(new OneFault(Call.READ, _ -> true, Fault.FLIP));
            assertThat(client.get("key").code()).isEqualTo(LmClient.FAIL);
            assertThat(client.exists("key")).isFalse();
        }
        Idle.await(daemon());
    }

    /** The header is out by then, so only the end of the connection can say it. */
    @Test
    void aValueThatTurnsOutBadAtItsEndEndsTheConnection() throws IOException {
        try (LmClient client = LmClient.connect(daemon())) {
            client.put("key", payload(60 * MIB), META);
            assertThat(client.exists("key")).isTrue();
            int lastPieceBytes = 60 * MIB + 2 * BLOCK_BYTES - 3 * 16 * MIB;
            Objects.requireNonNull(engine).follow(new OneFault(Call.READ, bytes -> bytes == lastPieceBytes, Fault.EIO));
            client.send(client.header(LmClient.GET, 0, META, "key"));
            byte[] piece = new byte[MIB];
            long received = 0;
            for (int bytes = client.readOnce(piece); bytes >= 0; bytes = client.readOnce(piece)) {
                received += bytes;
            }
            assertThat(received).isLessThan(60 * MIB);
        }
        Idle.await(daemon());
    }

    @Test
    void aClientTooManyIsRefused() throws IOException {
        List<LmClient> clients = new ArrayList<>();
        try {
            for (int i = 0; i < 8; i++) {
                clients.add(LmClient.connect(daemon()));
                assertThat(clients.getLast().exists("key")).isFalse();
            }
            try (LmClient ninth = LmClient.connect(daemon())) {
                assertThat(ninth.isClosed()).isTrue();
            }
            assertThat(Scrape.of(daemon()).gauge("kvstore_lm_connections")).isEqualTo(8);
            assertThat(clients.getFirst().exists("key")).isFalse();
        } finally {
            for (LmClient client : clients) {
                client.close();
            }
        }
        Awaitility.await().until(() -> Scrape.of(daemon()).gauge("kvstore_lm_connections") == 0);
    }

    @Test
    void existsGivesALease() throws StartException, IOException {
        daemon().close();
        daemon = DaemonUnderTest.start(directory, "lm.listen=127.0.0.1:0");
        try (LmClient client = LmClient.connect(daemon())) {
            client.put("key", payload(10), META);
            assertThat(client.exists("key")).isTrue();
            assertThat(client.exists("absent")).isFalse();
            assertThat(Scrape.of(daemon()).gauge("kvstore_store_leases")).isEqualTo(1);
        }
    }

    @Test
    void aStopLetsARequestEndAndClosesTheRest() throws IOException, StartException {
        byte[] payload = payload(20 * MIB);
        try (LmClient busy = LmClient.connect(daemon());
                LmClient idle = LmClient.connect(daemon())) {
            assertThat(idle.exists("key")).isFalse();
            busy.send(busy.header(LmClient.PUT, payload.length, META, "key"));
            busy.send(payload, 10 * MIB);
            Awaitility.await().until(() -> Scrape.of(daemon()).gauge("kvstore_in_flight_transfers") == 1);
            CompletableFuture<Void> stopped = CompletableFuture.runAsync(daemon()::stop);
            assertThat(idle.isClosed()).isTrue();
            busy.send(Arrays.copyOfRange(payload, 10 * MIB, payload.length));
            assertThat(busy.isClosed()).isTrue();
            get(stopped);
        }
        daemon = DaemonUnderTest.start(directory, "lm.listen=127.0.0.1:0");
        try (LmClient client = LmClient.connect(daemon())) {
            assertThat(client.get("key").bytes()).isEqualTo(payload);
        }
    }

    private DaemonUnderTest daemon() {
        return Objects.requireNonNull(daemon);
    }

    private long commands(String command, String outcome) {
        return Scrape.of(daemon())
                .count("kvstore_lm_commands_total", "command=\"" + command + "\"", "outcome=\"" + outcome + "\"");
    }

    private static byte[] payload(int length) {
        byte[] bytes = new byte[length];
        new Random(length).nextBytes(bytes);
        return bytes;
    }

    private static <T> T get(CompletableFuture<T> future) {
        try {
            return future.get(30, TimeUnit.SECONDS);
        } catch (InterruptedException | ExecutionException | TimeoutException e) {
            throw new AssertionError(e);
        }
    }
}
