package kvstore.server;

import static kvstore.server.RespClient.command;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The RESP door as a client sees it that does what it should. */
@Timeout(60)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class RespDoorTest {
    private static final String KEY = "meta-llama/Llama-3.1-8B@0x01000100@0@0123456789abcdef";

    private DaemonUnderTest daemon;
    private final NettyLeaks leaks = new NettyLeaks();

    @BeforeAll
    void start(@TempDir Path directory) throws StartException {
        daemon = DaemonUnderTest.start(directory, "resp.listen=127.0.0.1:0", "resp.lease-duration=1s");
    }

    @AfterAll
    void nothingIsLeft() {
        Idle.await(daemon);
        daemon.close();
        assertThat(leaks.find()).isEmpty();
        leaks.close();
    }

    /** Arguments are separated by spaces; in the answer, {@code ~} stands for the end of a line. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            PING                     | +PONG~
            ping hello               | $5~hello~
            ECHO hello               | $5~hello~
            SELECT 0                 | +OK~
            SELECT 1                 | -ERR DB index is out of range~
            AUTH secret              | -ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?~
            AUTH default secret      | +OK~
            AUTH other secret        | -WRONGPASS invalid username-password pair or user is disabled.~
            HELLO 4                  | -NOPROTO unsupported protocol version~
            HELLO x                  | -ERR Protocol version is not an integer or out of range~
            CLIENT SETINFO LIB-NAME x | +OK~
            CLIENT GETNAME           | $-1~
            CLIENT SETNAME me        | +OK~
            CLIENT KILL x            | -ERR unknown subcommand or wrong number of arguments for 'KILL' of 'CLIENT'.~
            COMMAND COUNT            | :20~
            COMMAND DOCS             | *0~
            CONFIG GET save          | *2~$4~save~$0~~
            CONFIG GET nothing       | *0~
            GET absent               | $-1~
            GET                      | -ERR wrong number of arguments for 'get' command~
            EXISTS absent            | :0~
            DEL absent               | :0~
            UNLINK absent a b        | :0~
            STRLEN absent            | :0~
            TTL absent               | :-2~
            MGET absent absent2      | *2~$-1~$-1~
            SET k v XX               | $-1~
            SET k v EX               | -ERR syntax error~
            SET k v EX 0             | -ERR invalid expire time in 'set' command~
            SET k v EX x             | -ERR value is not an integer or out of range~
            SET k v NX XX            | -ERR syntax error~
            SCAN x                   | -ERR invalid cursor~
            FLUSHALL now             | -ERR unknown command 'FLUSHALL', with args beginning with: 'now' ~
            """)
    void answersByteForByte(String request, String answer) throws IOException {
        try (RespClient client = new RespClient(daemon)) {
            String expected = answer.replace("~", "\r\n");
            client.send(command((Object[]) request.split(" "))).send(command("QUIT"));

            assertThat(client.readToEnd()).isEqualTo(expected + "+OK\r\n");
        }
    }

    /** What LMCache reads by fixed lengths; with a daemon of its own, because other tests have leases too. */
    @Test
    void lmcacheSeesWhatItNeeds(@TempDir Path own) throws IOException, StartException {
        try (DaemonUnderTest alone = DaemonUnderTest.start(own, "resp.listen=127.0.0.1:0");
                RespClient client = new RespClient(alone)) {
            byte[] value = bytes(1, 1000);
            assertThat(client.ask("EXISTS", KEY)).isEqualTo(":0");
            assertThat(client.send(command("SET", KEY, value)).read(5)).isEqualTo("+OK\r\n");
            assertThat(client.send(command("EXISTS", KEY)).read(4)).isEqualTo(":1\r\n");
            assertThat(alone.metric("kvstore_store_leases")).isEqualTo(1);
            assertThat(client.send(command("GET", KEY)).read(7)).isEqualTo("$1000\r\n");
            assertThat(client.readBytes(1000)).isEqualTo(value);
            assertThat(client.read(2)).isEqualTo("\r\n");
            assertThat(client.send(command("DEL", KEY)).read(4)).isEqualTo(":1\r\n");
            assertThat(client.send(command("GET", KEY)).read(5)).isEqualTo("$-1\r\n");
        }
    }

    @ParameterizedTest
    @ValueSource(
            ints = {1, 2, 65_535, 65_536, 65_537, 1_000_003, (16 << 20) - 65_536, 16 << 20, (16 << 20) + 1, 60 << 20})
    void valuesOfAllSizesComeBack(int length) throws IOException {
        String key = "size-" + length;
        byte[] value = bytes(length, length);
        try (RespClient client = new RespClient(daemon)) {
            assertThat(client.ask("SET", key, value)).isEqualTo("+OK");
            assertThat(client.ask("STRLEN", key)).isEqualTo(":" + length);
            assertThat(client.get(key)).isEqualTo(value);
            assertThat(client.ask("DEL", key)).isEqualTo(":1");
        }
    }

    /** What redis-py 8 asks for by itself. */
    @Test
    void resp3IsSpokenWhereItIsAskedFor() throws IOException {
        try (RespClient client = new RespClient(daemon)) {
            assertThat(client.ask("HELLO", "3")).isEqualTo("%7");
            client.read("$6~server~$5~redis~$7~version~$5~7.0.0~$5~proto~:3~$2~id~"
                    .replace("~", "\r\n")
                    .length());
            client.line();
            client.read("$4~mode~$10~standalone~$4~role~$6~master~$7~modules~*0~"
                    .replace("~", "\r\n")
                    .length());
            assertThat(client.ask("GET", "absent")).isEqualTo("_");
            assertThat(client.send(command("MGET", "absent")).read(7)).isEqualTo("*1\r\n_\r\n");
            assertThat(client.send(command("CONFIG", "GET", "save")).read(20))
                    .isEqualTo("%1\r\n$4\r\nsave\r\n$0\r\n\r\n");
            assertThat(client.ask("HELLO", "2")).isEqualTo("*14");
        }
    }

    @Test
    void mgetKeepsTheOrder() throws IOException {
        byte[] large = bytes(3, 20 << 20);
        try (RespClient client = new RespClient(daemon)) {
            client.ask("SET", "m-large", large);
            client.ask("SET", "m-small", "xyz");
            String tooLong = "k".repeat(1025);
            client.send(command("MGET", tooLong, "m-large", "absent", "m-small", "m-small", tooLong));

            assertThat(client.line()).isEqualTo("*6");
            assertThat(client.line()).isEqualTo("$-1");
            assertThat(client.line()).isEqualTo("$" + large.length);
            assertThat(client.readBytes(large.length)).isEqualTo(large);
            assertThat(client.read(2)).isEqualTo("\r\n");
            assertThat(client.read(5 + 9 + 9 + 5)).isEqualTo("$-1\r\n$3\r\nxyz\r\n$3\r\nxyz\r\n$-1\r\n");
            assertThat(client.ask("EXISTS", "m-large", "m-small", "m-small", "absent", tooLong))
                    .isEqualTo(":3");
        }
    }

    /** All at once, and byte by byte. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void pipelinedAnswersComeInOrder(boolean atOnce) throws IOException {
        ByteArrayOutputStream requests = new ByteArrayOutputStream();
        StringBuilder answers = new StringBuilder();
        int rounds = atOnce ? 500 : 10;
        for (int i = 0; i < rounds; i++) {
            String key = "p-" + atOnce + i;
            requests.writeBytes(command("SET", key, "value-" + i));
            requests.writeBytes(command("EXISTS", key));
            requests.writeBytes(command("GET", key));
            requests.writeBytes(RespClient.ascii("PING\r\n"));
            requests.writeBytes(command("DEL", key, key));
            requests.writeBytes(command("GET", key));
            answers.append("+OK\r\n:1\r\n$")
                    .append(("value-" + i).length())
                    .append("\r\nvalue-")
                    .append(i);
            answers.append("\r\n+PONG\r\n:1\r\n$-1\r\n");
        }
        requests.writeBytes(command("QUIT"));
        answers.append("+OK\r\n");
        try (RespClient client = new RespClient(daemon)) {
            Thread.ofVirtual().start(() -> {
                try {
                    for (byte next : requests.toByteArray()) {
                        if (atOnce) {
                            client.send(requests.toByteArray());
                            return;
                        }
                        client.send(new byte[] {next});
                    }
                } catch (IOException e) {
                    throw new AssertionError(e);
                }
            });

            assertThat(client.readToEnd()).isEqualTo(answers.toString());
        }
    }

    @Test
    void keysAreBytes() throws IOException {
        byte[] key = {0, '\r', '\n', (byte) 0xff, '$', '*'};
        try (RespClient client = new RespClient(daemon)) {
            assertThat(client.ask("SET", key, "v")).isEqualTo("+OK");
            assertThat(client.ask("EXISTS", key)).isEqualTo(":1");
            assertThat(client.ask("STRLEN", key)).isEqualTo(":1");
            assertThat(client.ask("DEL", key)).isEqualTo(":1");
        }
    }

    @Test
    void whatCannotBeStoredIsDroppedWithOk() throws IOException {
        String tooLong = "k".repeat(1025);
        byte[] tooLarge = new byte[(64 << 20) + 1];
        try (RespClient client = new RespClient(daemon)) {
            assertThat(client.ask("SET", tooLong, "v")).isEqualTo("+OK");
            assertThat(client.ask("GET", tooLong)).isEqualTo("$-1");
            assertThat(client.ask("SET", "", "v")).isEqualTo("+OK");
            assertThat(client.ask("SET", "empty", "")).isEqualTo("+OK");
            assertThat(client.ask("GET", "empty")).isEqualTo("$-1");
            assertThat(client.ask("SET", "large", tooLarge)).isEqualTo("+OK");
            assertThat(client.ask("GET", "large")).isEqualTo("$-1");
            assertThat(client.ask("PING")).isEqualTo("+PONG");
        }
    }

    @Test
    void nxAndXxDecide() throws IOException {
        try (RespClient client = new RespClient(daemon)) {
            assertThat(client.ask("SET", "nx", "one", "NX")).isEqualTo("+OK");
            assertThat(client.ask("SET", "nx", "two", "NX")).isEqualTo("$-1");
            assertThat(client.ask("SET", "nx", "three", "nx")).isEqualTo("$-1");
            assertThat(client.get("nx")).isEqualTo(RespClient.ascii("one"));
            assertThat(client.ask("SET", "nx", "longer", "XX")).isEqualTo("+OK");
            assertThat(client.get("nx")).isEqualTo(RespClient.ascii("longer"));
            assertThat(client.ask("SET", "nx", "LONGER")).isEqualTo("+OK");
            assertThat(client.get("nx")).isEqualTo(RespClient.ascii("LONGER"));
        }
    }

    /** LMCache's redis:// keeps the shape of a chunk in a small value of fixed length beside it. */
    @ParameterizedTest
    @CsvSource({"28, true", "65536, true", "65537, false"})
    void smallValuesReplaceOthersOfTheirLengthAndLargeOnesDoNot(int length, boolean replaces) throws IOException {
        String key = "replace-" + length;
        byte[] first = bytes(1, length);
        byte[] second = bytes(2, length);
        try (RespClient client = new RespClient(daemon)) {
            client.ask("SET", key, first);
            assertThat(client.ask("SET", key, second)).isEqualTo("+OK");
            assertThat(client.get(key)).isEqualTo(replaces ? second : first);
            assertThat(client.ask("SET", key, bytes(3, length + 1))).isEqualTo("+OK");
            assertThat(client.get(key)).isEqualTo(bytes(3, length + 1));
        }
    }

    /** The value that is compared with the new one is pinned for that, and a pin that stays keeps its segment for ever. */
    @Test
    void replacingSmallValuesKeepsNoSegmentFromEviction(@TempDir Path own) throws IOException, StartException {
        int large = 8 << 20;
        int rounds = 64;
        try (DaemonUnderTest small = DaemonUnderTest.start(
                        own,
                        "resp.listen=127.0.0.1:0",
                        "data.capacity=256MiB",
                        "data.segment-size=64MiB",
                        "data.max-value-size=16MiB");
                RespClient client = new RespClient(small)) {
            for (int round = 0; round < rounds; round++) {
                client.ask("SET", "small", bytes(round, 28));
                assertThat(client.ask("SET", "large-" + round, bytes(round, large)))
                        .isEqualTo("+OK");
            }
            assertThat(client.get("large-" + (rounds - 1))).isEqualTo(bytes(rounds - 1, large));
            assertThat(small.metric("kvstore_store_evicted_segments_total")).isGreaterThanOrEqualTo(4);
        }
    }

    @Test
    void keysExpire() throws IOException {
        try (RespClient client = new RespClient(daemon)) {
            assertThat(client.ask("SET", "ex", "v", "EX", "1000")).isEqualTo("+OK");
            assertThat(client.ask("TTL", "ex")).isIn(":1000", ":999");
            assertThat(client.ask("SET", "ex", "v", "KEEPTTL")).isEqualTo("+OK");
            assertThat(client.ask("TTL", "ex")).isIn(":1000", ":999");
            assertThat(client.ask("SET", "ex", "v")).isEqualTo("+OK");
            assertThat(client.ask("TTL", "ex")).isEqualTo(":-1");
            double deleted = daemon.metric("kvstore_store_deleted_chunks_total");
            assertThat(client.ask("SET", "ex", "v", "PX", "30")).isEqualTo("+OK");
            Awaitility.await()
                    .untilAsserted(() -> assertThat(daemon.metric("kvstore_store_deleted_chunks_total"))
                            .isEqualTo(deleted + 1));
            assertThat(client.ask("GET", "ex")).isEqualTo("$-1");
            assertThat(client.ask("EXISTS", "ex")).isEqualTo(":0");
            assertThat(client.ask("TTL", "ex")).isEqualTo(":-2");
        }
    }

    @Test
    void scanFindsEveryKeyOnce() throws IOException {
        TreeSet<String> keys = new TreeSet<>();
        try (RespClient client = new RespClient(daemon)) {
            for (int i = 0; i < 25; i++) {
                keys.add("scan:" + i);
                client.ask("SET", "scan:" + i, "v");
            }
            client.ask("SET", "other", "v");
            List<String> found = new ArrayList<>();
            String cursor = "0";
            do {
                client.send(command("SCAN", cursor, "MATCH", "scan:*", "COUNT", "7"));
                assertThat(client.line()).isEqualTo("*2");
                client.line();
                cursor = client.line();
                int count = Integer.parseInt(client.line().substring(1));
                for (int i = 0; i < count; i++) {
                    client.line();
                    found.add(client.line());
                }
            } while (!cursor.equals("0"));

            assertThat(found).containsExactlyInAnyOrderElementsOf(keys);
        }
    }

    private static byte[] bytes(long seed, int length) {
        byte[] bytes = new byte[length];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }
}
