package kvstore.client.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.protobuf.ByteString;
import io.grpc.Status;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import kvstore.client.FakeDaemon;
import kvstore.v1.GetResponse;
import kvstore.v1.GetStatus;
import kvstore.v1.MissReason;
import kvstore.v1.PutReason;
import kvstore.v1.PutResponse;
import kvstore.v1.PutStatus;
import kvstore.v1.ScrubResponse;
import kvstore.v1.ScrubbedRecord;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The commands against a daemon: what they print, what they leave on disk, how they exit. */
@NullMarked
@Timeout(60)
final class CommandsTest {
    @TempDir
    private Path directory;

    private FakeDaemon daemon;

    @BeforeEach
    void start() throws IOException {
        daemon = FakeDaemon.onTcp();
    }

    @AfterEach
    void stop() {
        daemon.close();
    }

    @Test
    void putAndGetAFile() throws IOException {
        byte[] bytes = new byte[3_000_001];
        new Random(1).nextBytes(bytes);
        Path source = Files.write(directory.resolve("source"), bytes);
        Path destination = directory.resolve("destination");

        Cli put = run("put", "a key", source.toString());
        assertThat(put.exitCode()).as(put.err()).isZero();
        assertThat(put.out()).isEqualTo("stored a key (2.9 MiB)\n");
        assertThat(run("put", "a key", source.toString()).out()).isEqualTo("already stored a key (2.9 MiB)\n");

        Cli get = run("get", "a key", destination.toString());
        assertThat(get.exitCode()).as(get.err()).isZero();
        assertThat(get.out()).isEqualTo("a key written to %s (2.9 MiB)%n".formatted(destination));
        assertThat(destination).hasBinaryContent(bytes);
        assertThat(daemon.releasedLeases).hasSize(1);
        assertOnlyIn(directory, "source", "destination");
    }

    @Test
    void putAndGetThroughPipes() {
        byte[] bytes = {0, -1, '\n', 7};
        assertThat(runWithInput(bytes, "put", "hex:00ff").exitCode()).isZero();
        assertThat(daemon.chunks).containsKey(ByteString.copyFrom(new byte[] {0, -1}));

        Cli get = run("get", "hex:00ff", "-");
        assertThat(get.exitCode()).isZero();
        assertThat(get.outBytes()).isEqualTo(bytes);
        assertThat(get.err()).isEmpty();
    }

    @Test
    void putAsJson() {
        JsonObject json = runWithInput(new byte[5], "put", "k", "--json").json();
        assertThat(json.get("status").getAsString()).isEqualTo("stored");
        assertThat(json.get("length").getAsLong()).isEqualTo(5);
    }

    @Test
    void aShedPutSaysNo() {
        daemon.refuse = _ -> PutResponse.newBuilder()
                .setStatus(PutStatus.PUT_STATUS_SHED)
                .setReason(PutReason.PUT_REASON_NO_SPACE)
                .setMessage("the file system is full: make room")
                .build();
        Cli put = runWithInput(new byte[5], "put", "k");
        assertThat(put.exitCode()).isEqualTo(ExitCode.NO.code());
        assertThat(put.err()).isEqualTo("kvstore put: k was shed (no_space): the file system is full: make room\n");
        assertThat(put.out()).isEmpty();

        JsonObject json = runWithInput(new byte[5], "put", "k", "--json").json();
        assertThat(json.get("reason").getAsString()).isEqualTo("no_space");
    }

    @Test
    void aRejectedPutIsAFailure() {
        daemon.refuse = _ -> PutResponse.newBuilder()
                .setStatus(PutStatus.PUT_STATUS_REJECTED)
                .setReason(PutReason.PUT_REASON_BAD_LENGTH)
                .setMessage("length: 5, and the limit is 4")
                .build();
        Cli put = runWithInput(new byte[5], "put", "k");
        assertThat(put.exitCode()).isEqualTo(ExitCode.FAILED.code());
        assertThat(put.err()).contains("rejected (bad_length): length: 5, and the limit is 4");
    }

    @Test
    void putOfNothing() {
        assertFails(run("put", "k", directory.resolve("absent").toString()), ExitCode.USAGE, "there is no file");
        assertFails(run("put", "k"), ExitCode.USAGE, "the value is empty");
    }

    @Test
    void aMissLeavesNoFile() throws IOException {
        Path destination = directory.resolve("destination");
        assertFails(run("get", "k", destination.toString()), ExitCode.NO, "kvstore get: miss: k (absent)\n");
        assertOnlyIn(directory);

        Files.writeString(destination, "before");
        Cli json = run("get", "k", destination.toString(), "--json");
        assertThat(json.exitCode()).isEqualTo(ExitCode.NO.code());
        assertThat(json.json().get("hit").getAsBoolean()).isFalse();
        assertThat(json.json().get("reason").getAsString()).isEqualTo("absent");
        assertThat(destination).hasContent("before");
    }

    @Test
    void aMissAfterTheFirstBytesLeavesNoFile() {
        daemon.chunks.put(ByteString.copyFromUtf8("k"), ByteString.copyFromUtf8("value"));
        daemon.get = (_, out) -> {
            out.onNext(GetResponse.newBuilder()
                    .setLength(5)
                    .setData(ByteString.copyFromUtf8("va"))
                    .build());
            out.onNext(GetResponse.newBuilder()
                    .setStatus(GetStatus.GET_STATUS_MISS)
                    .setReason(MissReason.MISS_REASON_CORRUPT)
                    .build());
            out.onCompleted();
        };
        assertFails(run("get", "k", directory.resolve("destination").toString()), ExitCode.NO, "miss: k (corrupt)");
        assertOnlyIn(directory);
        Cli toPipe = run("get", "k");
        assertThat(toPipe.outBytes()).isEmpty();
    }

    @Test
    void getWhereNothingCanBeWritten() {
        daemon.chunks.put(ByteString.copyFromUtf8("k"), ByteString.copyFromUtf8("value"));
        assertFails(
                run("get", "k", directory.resolve("no/such/directory").toString()), ExitCode.FAILED, "cannot write");
        assertFails(run("get", "k", "--json"), ExitCode.USAGE, "name a FILE");
        assertThat(run("get", "k", "/dev/null").exitCode()).isZero();
        assertThat(Path.of("/dev/null"))
                .isReadable()
                .satisfies(path -> assertThat(Files.isRegularFile(path)).isFalse());
    }

    @Test
    void lookupInPortions() throws IOException {
        Stream.of("a", "b", "d", "e").forEach(this::store);
        Path file = Files.writeString(directory.resolve("keys"), "b\nc\n\nd\ne\n");

        Cli lookup = run("lookup", "a", "--keys-from", file.toString());
        assertThat(lookup.exitCode()).isEqualTo(ExitCode.NO.code());
        assertThat(lookup.out()).isEqualTo("""
                        LENGTH  KEY
                        5       a
                        5       b
                        -       c
                        5       d
                        5       e
                        4 of 5 found, the first 2 without a gap
                        """);

        Cli all = runWithInput("a\nb\n".getBytes(StandardCharsets.UTF_8), "lookup", "--keys-from", "-", "--json");
        assertThat(all.exitCode()).as(all.err()).isZero();
        assertThat(all.json().get("leading_hits").getAsInt()).isEqualTo(2);
        assertThat(all.json().getAsJsonArray("keys").get(1).toString())
                .isEqualTo("{\"key\":\"b\",\"found\":true,\"length\":5}");
    }

    @Test
    void lookupOfNoKeys() throws IOException {
        assertFails(run("lookup"), ExitCode.USAGE, "no keys given");
        assertFails(run("lookup", "--keys-from", "/no/file"), ExitCode.USAGE, "there is no file /no/file");
        Path file = Files.writeString(directory.resolve("keys"), "a\nhex:0\n");
        assertFails(run("lookup", "--keys-from", file.toString()), ExitCode.USAGE, "key 2 of ");
    }

    @Test
    void delete() {
        Stream.of("a", "b", "c", "d").forEach(this::store);
        Cli delete = run("delete", "a", "x", "b", "c");
        assertThat(delete.exitCode()).isEqualTo(ExitCode.NO.code());
        assertThat(delete.out()).isEqualTo("deleted   a\nnot here  x\ndeleted   b\ndeleted   c\n");

        Cli json = run("delete", "d", "--json");
        assertThat(json.exitCode()).isZero();
        assertThat(json.json().get("deleted").getAsInt()).isEqualTo(1);
        assertThat(daemon.chunks).isEmpty();
    }

    @Test
    void ls() {
        Stream.of("a1", "b1", "b2", "b3", "b4").forEach(this::store);
        assertThat(run("ls", "--prefix", "b", "--limit", "3").out().lines())
                .containsExactly(
                        "        LENGTH  SEGMENT           KEY",
                        "             5  000000000000002a  b1",
                        "             5  000000000000002a  b2",
                        "             5  000000000000002a  b3");
        JsonObject json = run("ls", "--json").json();
        assertThat(json.getAsJsonArray("chunks")).hasSize(5);
        assertThat(run("ls", "--prefix", "x", "--json").json().getAsJsonArray("chunks"))
                .isEmpty();
        assertFails(run("ls", "--limit", "0"), ExitCode.USAGE, "--limit must be at least 1");
    }

    @Test
    void lsByModelAndRank() {
        Stream.of(
                        "m/a@00000001@0@00ff",
                        "m/a@00000001@0@01ff@salt",
                        "m/a@00000002@0@00ff",
                        "m/b@8@3@-1f@half",
                        "no key of LMCache")
                .forEach(this::store);
        assertThat(run("ls", "--by", "model,rank").out().lines().map(line -> line.replaceAll(" +", " ")))
                .containsExactlyInAnyOrder(
                        "MODEL RANK CHUNKS BYTES",
                        "m/a 00000001 2 10 10 B",
                        "m/a 00000002 1 5 5 B",
                        "m/b 3 1 5 5 B",
                        "- - 1 5 5 B");
        JsonObject largest = run("ls", "--by", "model", "--json")
                .json()
                .getAsJsonArray("groups")
                .get(0)
                .getAsJsonObject();
        assertThat(largest.get("model").getAsString()).isEqualTo("m/a");
        assertThat(largest.get("chunks").getAsLong()).isEqualTo(3);
        assertThat(run("ls", "--model", "m/a", "--rank", "00000002").out()).contains("m/a@00000002@0@00ff");
        assertThat(run("ls", "--rank", "3").out().lines()).hasSize(2);
        assertThat(run("ls", "--model", "m").out().lines()).hasSize(1);
        assertThat(run("ls", "--namespace", "lm").out().lines()).hasSize(1);
        assertThat(run("stat", "--by", "namespace").out())
                .contains("NAMESPACE  CHUNKS  BYTES\n-          5       25     25 B");
        assertFails(run("ls", "--by", "colour"), ExitCode.USAGE, "expected one of");
    }

    @Test
    void scrub() {
        ScrubResponse end = ScrubResponse.newBuilder()
                .setSegments(2)
                .setSegmentsDone(2)
                .setRecords(5)
                .setBytes(700_000)
                .setComplete(true)
                .build();
        daemon.scrubAnswers = List.of(end);
        Cli good = run("scrub", "--rate", "100MiB/s", "--report-only");
        assertThat(good.exitCode()).as(good.err()).isZero();
        assertThat(good.out()).contains("segments  2 of 2\n").contains("records   5 (683.6 KiB)\n");
        assertThat(daemon.scrubs.getFirst().getBytesPerSecond()).isEqualTo(100L << 20);
        assertThat(daemon.scrubs.getFirst().getReportOnly()).isTrue();

        ScrubbedRecord record = ScrubbedRecord.newBuilder()
                .setKey(ByteString.copyFromUtf8("k"))
                .setSegmentFile("/pool/1.seg")
                .setOffset(65_536)
                .setLength(7)
                .setReason("payload checksum of block 0")
                .build();
        daemon.scrubAnswers = List.of(
                ScrubResponse.newBuilder().setBad(record).build(),
                end.toBuilder().setBadRecords(1).build());
        Cli bad = run("scrub");
        assertThat(bad.exitCode()).isEqualTo(ExitCode.WRONG_DATA.code());
        assertThat(bad.out()).startsWith("bad  k  /pool/1.seg at 65536, 7 bytes: payload checksum of block 0\n");
        JsonObject json = run("scrub", "--json").json();
        assertThat(json.get("bad_records").getAsLong()).isEqualTo(1);
        assertThat(json.getAsJsonArray("bad")).hasSize(1);

        daemon.scrubAnswers = List.of(end.toBuilder().setUnreadRecords(1).build());
        assertThat(run("scrub").exitCode()).isEqualTo(ExitCode.FAILED.code());
        daemon.scrubAnswers = List.of(end.toBuilder().setComplete(false).build());
        Cli stopped = run("scrub");
        assertThat(stopped.exitCode()).isEqualTo(ExitCode.UNREACHABLE.code());
        assertThat(stopped.err()).endsWith("kvstore scrub: the daemon stopped before the scrub had ended\n");
    }

    @Test
    void lsWithSegmentsThatCannotBeRead() {
        Stream.of("a", "b", "c").forEach(this::store);
        daemon.unreadableSegments = 2;
        Cli ls = run("ls", "--json");
        assertThat(ls.exitCode()).isEqualTo(ExitCode.FAILED.code());
        assertThat(ls.json().get("unreadable_segments").getAsInt()).isEqualTo(2);
        assertThat(ls.err()).contains("2 segments could not be read");
    }

    @Test
    void stat() {
        Cli stat = run("stat");
        assertThat(stat.exitCode()).isZero();
        assertThat(stat.out())
                .contains("state        ready\n")
                .contains("disk         256.0 GiB of 1.0 TiB (25 %)\n")
                .contains("up           1 d 01:01:01\n")
                .contains("I/O path     odirect (proven by a write and a read)\n");
        JsonObject json = run("stat", "--json").json();
        assertThat(json.get("capacity_bytes").getAsLong()).isEqualTo(1L << 40);
        assertThat(json.get("corrupt_records").getAsLong()).isZero();
    }

    @Test
    void statOnLustreShowsTheLayout() {
        assertThat(run("stat").out()).doesNotContain("layout");
        daemon.fileSystem = "lustre";
        assertThat(run("stat").out()).contains("layout       kept (stripe count 1)\n");
    }

    @Test
    void statOfADaemonThatIsNotReady() {
        daemon.ready = false;
        Cli stat = run("stat");
        assertThat(stat.exitCode()).isEqualTo(ExitCode.UNREACHABLE.code());
        assertThat(stat.out()).startsWith("state        not ready\n");
    }

    @Test
    void daemonsFailuresHaveTheirExitCodes() {
        daemon.failure = Status.UNAVAILABLE.withDescription("starting: 40 % of the index");
        assertFails(run("lookup", "a"), ExitCode.UNREACHABLE, "is not ready");
        daemon.failure = Status.INVALID_ARGUMENT.withDescription("keys: empty");
        assertFails(run("lookup", "a"), ExitCode.FAILED, "refused the call: keys: empty");
        daemon.failure = Status.INTERNAL.withDescription("oops");
        assertFails(run("stat"), ExitCode.FAILED, "failed (INTERNAL): oops");
        daemon.failure = null;
        daemon.silent = true;
        assertFails(run("stat", "--timeout", "200ms"), ExitCode.UNREACHABLE, "no answer from");
    }

    private void store(String key) {
        daemon.chunks.put(ByteString.copyFromUtf8(key), ByteString.copyFromUtf8("value"));
    }

    private Cli run(String... args) {
        return runWithInput(new byte[0], args);
    }

    private Cli runWithInput(byte[] input, String... args) {
        String[] all = Arrays.copyOf(args, args.length + 1);
        all[args.length] = "--target=" + daemon.target();
        return Cli.runWithInput(input, all);
    }

    private static void assertFails(Cli cli, ExitCode exitCode, String message) {
        assertThat(cli.err()).contains(message).endsWith("\n");
        assertThat(cli.err().lines()).hasSize(1);
        assertThat(cli.exitCode()).isEqualTo(exitCode.code());
    }

    private static void assertOnlyIn(Path directory, String... names) {
        assertThat(directory.toFile().list()).containsExactlyInAnyOrder(names);
    }
}
