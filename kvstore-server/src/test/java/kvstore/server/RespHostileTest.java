package kvstore.server;

import static kvstore.server.RespClient.command;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.SocketException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Clients of the RESP door that do what they should not, and disks that do so. */
@Timeout(60)
final class RespHostileTest {
    @TempDir
    Path directory;

    private @Nullable DaemonUnderTest daemon;

    private DaemonUnderTest start(String... sets) throws StartException {
        List<String> all = new ArrayList<>(List.of("resp.listen=127.0.0.1:0"));
        all.addAll(List.of(sets));
        DaemonUnderTest started = DaemonUnderTest.start(directory, all.toArray(String[]::new));
        daemon = started;
        return started;
    }

    @AfterEach
    void servesOthersAndHoldsNothing() throws IOException {
        if (daemon != null) {
            try (RespClient client = new RespClient(daemon)) {
                assertThat(client.ask("SET", "afterwards", "v")).isEqualTo("+OK");
                assertThat(client.ask("STRLEN", "afterwards")).isEqualTo(":1");
            }
            Idle.await(daemon);
            daemon.close();
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            *1~:5~                        | expected '$', got ':'
            *x~                           | invalid multibulk length
            *99999999~                    | invalid multibulk length: 99999999 arguments, at most 8193 are allowed
            *11111111111111111111111111111111 | too big mbulk count string
            *2~$3~GET~$x~                 | invalid bulk length
            *2~$3~GET~$-1~                | invalid bulk length
            *3~$3~SET~$1~k~$536870913~    | invalid bulk length
            *2~$3~GET~$1~kkk~             | an argument does not end where its length says
            *3~$3~SET~$1~k~$1~vvv~        | an argument does not end where its length says
            """)
    void brokenProtocolIsSaidAndClosed(String request, String error) throws Exception {
        DaemonUnderTest running = start();
        try (RespClient client = new RespClient(running)) {
            client.send(request.strip().replace("~", "\r\n"));

            assertThat(client.readToEnd()).isEqualTo("-ERR Protocol error: " + error + "\r\n");
        }
        try (RespClient client = new RespClient(running)) {
            assertThat(client.ask("GET", "k")).isEqualTo("$-1");
        }
    }

    @Test
    void announcedBytesTakeNoMemory() throws Exception {
        DaemonUnderTest running = start("data.max-value-size=512MiB", "data.segment-size=1GiB", "data.capacity=4GiB");
        List<RespClient> clients = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            clients.add(new RespClient(running).send("*3\r\n$3\r\nSET\r\n$3\r\nk" + (i + 10) + "\r\n$536870912\r\n"));
        }
        Await.until(() -> (long) running.metric("kvstore_in_flight_transfers"), 50);

        assertThat(running.metric("kvstore_memory_used_bytes")).isZero();
        assertThat(running.metric("kvstore_store_reservations")).isZero();
        for (RespClient client : clients) {
            client.close();
        }
    }

    @Test
    void clientThatGoesInTheMiddleLeavesNothing() throws Exception {
        DaemonUnderTest running = start();
        Random random = new Random(7);
        for (int i = 0; i < 20; i++) {
            byte[] whole = command("SET", "gone-" + i, new byte[3_000_000]);
            byte[] part = new byte[1 + random.nextInt(whole.length - 1)];
            System.arraycopy(whole, 0, part, 0, part.length);
            try (RespClient client = new RespClient(running)) {
                client.send(part);
            }
        }
        Idle.awaitTransfers(running);
        try (RespClient client = new RespClient(running)) {
            for (int i = 0; i < 20; i++) {
                assertThat(client.ask("EXISTS", "gone-" + i)).isEqualTo(":0");
            }
        }
    }

    @Test
    void clientThatReadsNothingIsBoundedAndClosed() throws Exception {
        DaemonUnderTest running = start("grpc.stall-timeout=500ms");
        try (RespClient client = new RespClient(running);
                RespClient reader = new RespClient(running)) {
            assertThat(reader.ask("SET", "large", new byte[30 << 20])).isEqualTo("+OK");
            for (int i = 0; i < 20; i++) {
                client.send(command("GET", "large"));
            }
            Await.until(() -> (long) running.metric("kvstore_resp_stalled_connections_total"), 1);

            assertThat(reader.ask("PING")).isEqualTo("+PONG");
            Idle.await(running);
        }
    }

    /** The idle one was there first, and so was idle for longer than the others may stall. */
    @Test
    void clientThatStopsInACommandIsClosedAndAnIdleOneNever() throws Exception {
        DaemonUnderTest running = start("grpc.stall-timeout=300ms");
        try (RespClient idle = new RespClient(running)) {
            assertThat(idle.ask("PING")).isEqualTo("+PONG");
            for (String half : List.of(
                    "*",
                    "*2\r\n$3\r\nGET\r\n",
                    "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1000\r\n",
                    "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$3\r\nabc",
                    "*5\r\n$3\r\nSET\r\n$1\r\nk\r\n$3\r\nabc\r\n$2\r\nPX\r\n")) {
                try (RespClient client = new RespClient(running)) {
                    assertThat(client.send(half).readToEnd()).isEmpty();
                }
            }
            assertThat(running.metric("kvstore_resp_stalled_connections_total")).isEqualTo(5);
            assertThat(idle.ask("PING")).isEqualTo("+PONG");
            assertThat(idle.ask("EXISTS", "k")).isEqualTo(":0");
        }
    }

    @Test
    void tooManyClientsAreRefused() throws Exception {
        DaemonUnderTest running = start("resp.max-connections=2");
        try (RespClient one = new RespClient(running);
                RespClient two = new RespClient(running)) {
            assertThat(one.ask("PING")).isEqualTo("+PONG");
            assertThat(two.ask("PING")).isEqualTo("+PONG");
            try (RespClient three = new RespClient(running)) {
                assertThat(three.readToEnd()).isEqualTo("-ERR max number of clients reached\r\n");
            }
        }
        Awaitility.await().until(() -> running.metric("kvstore_resp_connections") == 0);
    }

    private Path segmentOf(DaemonUnderTest running, String key) {
        GeneratedStubs stubs = new GeneratedStubs(running.unix());
        return new SegmentFiles(directory)
                .file(Objects.requireNonNull(SegmentFiles.byKey(stubs).get(key)));
    }

    @Test
    void corruptValueIsAMiss() throws Exception {
        DaemonUnderTest running = start();
        try (RespClient client = new RespClient(running)) {
            client.ask("SET", "bad", new byte[20 << 20]);
            Path file = segmentOf(running, "bad");
            SegmentFiles.flip(file, SegmentFiles.recordOffset(file, "bad") + (19 << 20));

            assertThat(client.ask("GET", "bad")).isEqualTo("$-1");
            assertThat(client.ask("EXISTS", "bad")).isEqualTo(":0");
        }
    }

    /** What cannot be verified before the length is sent ends the connection before the bad byte. */
    @Test
    void valueThatProvesCorruptOnTheWayIsCutOff() throws Exception {
        DaemonUnderTest running = start();
        int length = 63 << 20;
        try (RespClient client = new RespClient(running)) {
            client.ask("SET", "bad", new byte[length]);
            Path file = segmentOf(running, "bad");
            SegmentFiles.flip(file, SegmentFiles.recordOffset(file, "bad") + (62 << 20));

            String answer = client.send(command("GET", "bad")).readToEnd();

            assertThat(answer).startsWith("$" + length + "\r\n\0\0");
            assertThat(answer.length()).isLessThanOrEqualTo(62 << 20);
            assertThat(answer.lastIndexOf('\0')).isEqualTo(answer.length() - 1);
        }
    }

    @Test
    void failingDiskIsOkForSetAndMissForGet() throws Exception {
        FaultyEngine[] engine = new FaultyEngine[1];
        DaemonUnderTest running = DaemonUnderTest.start(
                directory,
                real -> engine[0] = new FaultyEngine(real, FaultyEngine.NO_FAULTS),
                "resp.listen=127.0.0.1:0");
        daemon = running;
        try (RespClient client = new RespClient(running)) {
            client.ask("SET", "there", "v");
            engine[0].follow((call, _, _, _) ->
                    call == FaultyEngine.Call.WRITE || call == FaultyEngine.Call.READ ? FaultyEngine.Fault.EIO : null);

            assertThat(client.ask("SET", "shed", new byte[1000])).isEqualTo("+OK");
            assertThat(client.ask("EXISTS", "shed")).isEqualTo(":0");
            assertThat(client.ask("GET", "there")).isEqualTo("$-1");

            engine[0].follow(FaultyEngine.NO_FAULTS);
        }
    }

    @Test
    void stoppingDaemonLetsCommandsEnd() throws Exception {
        DaemonUnderTest running = start("shutdown.drain-timeout=20s");
        daemon = null;
        try (RespClient idle = new RespClient(running);
                RespClient putting = new RespClient(running)) {
            assertThat(idle.ask("PING")).isEqualTo("+PONG");
            byte[] set = command("SET", "k", new byte[1_000_000]);
            putting.send(Arrays.copyOf(set, 500_000));
            Await.until(() -> (long) running.metric("kvstore_in_flight_transfers"), 1);
            Thread stop = Thread.ofVirtual().start(running::close);
            assertThat(idle.readToEnd()).isEmpty();

            putting.send(Arrays.copyOfRange(set, 500_000, set.length));

            assertThat(putting.readToEnd()).isEqualTo("+OK\r\n");
            assertThat(stop.join(Duration.ofSeconds(20))).isTrue();
        }
    }

    @Test
    void randomBytesHurtNobody() throws Exception {
        DaemonUnderTest running = start("resp.lease-duration=0ms");
        long seed = Long.getLong("kvstore.seed", System.nanoTime());
        System.out.println("RespHostileTest.randomBytesHurtNobody: -Dkvstore.seed=" + seed);
        Random random = new Random(seed);
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(3);
        while (System.nanoTime() < end) {
            try (RespClient client = new RespClient(running)) {
                for (int i = 0; i < 20; i++) {
                    client.send(RandomCommands.bytes(random));
                }
            } catch (SocketException _) {
                // closed by the daemon, as it should
            }
        }
    }
}
