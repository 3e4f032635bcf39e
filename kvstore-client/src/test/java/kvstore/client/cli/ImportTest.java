package kvstore.client.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonObject;
import com.google.protobuf.ByteString;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import kvstore.client.ClientOptions;
import kvstore.client.FakeDaemon;
import kvstore.client.KvStoreClient;
import kvstore.client.lmcache.TreeReader;
import kvstore.client.lmcache.TrueLengths;
import kvstore.v1.GetResponse;
import kvstore.v1.GetStatus;
import kvstore.v1.PutReason;
import kvstore.v1.PutResponse;
import kvstore.v1.PutStatus;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Trees into a daemon. */
@NullMarked
@Timeout(60)
final class ImportTest {
    @TempDir
    private Path directory;

    private Path root;
    private FakeDaemon daemon;

    @BeforeEach
    void start() throws IOException {
        root = Files.createDirectory(directory.resolve("tree"));
        daemon = FakeDaemon.onTcp();
    }

    @AfterEach
    void stop() {
        daemon.close();
    }

    @Test
    void everyFormatAtOnce() throws IOException {
        byte[] raw = Trees.bytes(1, 1_200_001);
        byte[] gds = Trees.bytes(2, 12_800);
        byte[] fs = Trees.concat(Trees.remoteMetadata(400), Trees.bytes(3, 400));
        Trees.write(root, "org-SEP-m@0x01000100@0@00ff.data", raw);
        Trees.write(root, "0a/0b/org--m_01000100_1_0a0b@salt.bin", Trees.bytes(4, 4096));
        Trees.writeGds(root, gds);
        Trees.write(root, "org-SEP-m@8@3@-ff@half@t%v.data", fs);
        Trees.write(root, "org-SEP-m@0x01000100@0@0100.tmp", raw);
        List<String> before = state(root);

        Cli run = run("--verify");
        assertThat(run.exitCode()).as(run.out() + run.err()).isZero();
        assertThat(run.out())
                .contains(
                        "imported       4 chunks",
                        "already there  0 chunks",
                        "verified       4 chunks",
                        "skipped        0")
                .contains("  org/m (fs_native)  1 chunks (1.1 MiB)", "  org/m (gds)        1 chunks (12.5 KiB)");
        assertThat(run.err()).contains("import ...\n", "import: 100 %");
        assertStored(Trees.FS_NATIVE_KEY, raw);
        assertStored("org/m@01000100@1@0a0b@salt", Trees.bytes(4, 4096));
        assertStored(Trees.GDS_KEY, gds);
        assertStored("org/m@8@3@-ff@half@t%v", Trees.concat(Trees.bytes(3, 400), Trees.description(400)));
        assertThat(state(root)).isEqualTo(before);
    }

    @Test
    void goesOnWhereItWasEnded() throws IOException {
        for (int i = 0; i < 10; i++) {
            Trees.write(root, "m@0x01000100@0@%04x.data".formatted(i), Trees.bytes(i, 1000));
        }
        AtomicInteger begun = new AtomicInteger();
        // the daemon takes 5 and is full then
        daemon.refuse = _ -> begun.incrementAndGet() <= 5 ? null : refusal(PutStatus.PUT_STATUS_REJECTED);
        Cli first = run("--json");
        assertThat(first.exitCode()).isEqualTo(ExitCode.NO.code());
        assertThat(count(first.json(), "imported")).isEqualTo(5);
        assertThat(first.json().get("skipped").getAsLong()).isEqualTo(5);

        daemon.refuse = _ -> null;
        daemon.putBytes.set(0);
        Cli second = run("--json");
        assertThat(second.exitCode()).isZero();
        assertThat(count(second.json(), "imported")).isEqualTo(5);
        assertThat(count(second.json(), "already_there")).isEqualTo(5);
        assertThat(daemon.putBytes).hasValue(5000);

        Cli third = run("--json", "--verify");
        assertThat(count(third.json(), "already_there")).isEqualTo(10);
        assertThat(count(third.json(), "verified")).isEqualTo(10);
        assertThat(daemon.putBytes).hasValue(5000);
    }

    @Test
    void aValueOfAnotherLengthIsReplacedOnlyIfTold() throws IOException {
        Trees.write(root, "org-SEP-m@0x01000100@0@00ff.data", Trees.bytes(1, 100));
        daemon.chunks.put(ByteString.copyFromUtf8(Trees.FS_NATIVE_KEY), ByteString.copyFromUtf8("newer"));

        Cli run = run();
        assertThat(run.exitCode()).isEqualTo(ExitCode.NO.code());
        assertThat(run.out()).contains("skipped 1: the daemon holds a value of another length", "5 in the daemon");
        assertStored(Trees.FS_NATIVE_KEY, "newer".getBytes(StandardCharsets.UTF_8));

        assertThat(run("--replace").exitCode()).isZero();
        assertStored(Trees.FS_NATIVE_KEY, Trees.bytes(1, 100));
    }

    @Test
    void nothingOutsideTheTree() throws IOException {
        Path outside = Files.createDirectory(directory.resolve("outside"));
        Path secret = Trees.write(outside, "m@0x01000100@0@5ec7e7.data", Trees.bytes(1, 100));
        Trees.write(outside, "ab/m_01000100_0_abcd.bin", Trees.bytes(2, 4096));
        Files.createSymbolicLink(root.resolve("m@0x01000100@0@0001.data"), secret);
        Files.createSymbolicLink(
                root.resolve("m@0x01000100@0@0002.data"), Path.of("../outside").resolve(secret.getFileName()));
        Files.createSymbolicLink(root.resolve("ab"), outside);
        Files.createSymbolicLink(root.resolve("m@0x01000100@0@0003.data"), directory.resolve("nothing"));

        Cli run = run("--json");
        assertThat(run.exitCode()).isEqualTo(ExitCode.NO.code());
        assertThat(reasons(run.json())).containsExactly("symbolic_link 4");
        assertThat(daemon.chunks).isEmpty();

        // but the root is the caller's word
        Path link = Files.createSymbolicLink(directory.resolve("link"), outside);
        assertThat(Cli.run(
                                "import",
                                link.toString(),
                                "--target",
                                daemon.target().toString())
                        .exitCode())
                .isEqualTo(ExitCode.NO.code());
        assertThat(daemon.chunks).hasSize(1);
    }

    /** Neither the link itself is taken, nor the file beside it that it vouches for. */
    @Test
    void metadataThatIsALink() throws IOException {
        Path file = Trees.writeGds(root, Trees.bytes(1, 384));
        Path metadata = file.resolveSibling(file.getFileName() + ".metadata");
        Files.move(metadata, directory.resolve("elsewhere"));
        Files.createSymbolicLink(metadata, directory.resolve("elsewhere"));

        assertThat(reasons(run("--json").json())).containsExactly("symbolic_link 2");
    }

    @Test
    void whatIsNoChunkIsCountedWithItsReason() throws IOException {
        Trees.write(root, "README.md", Trees.bytes(1, 10));
        Trees.write(root, "m@0x01000100@0@zz\u001b[2J.data", Trees.bytes(1, 10));
        Trees.write(root, "tmp/m@0x01000100@0@0001.data", Trees.bytes(1, 10));
        Trees.write(root, "m@0x01000100@0@0002.data", new byte[0]);
        Path socket = root.resolve("m@0x01000100@0@0003.data");
        try (ServerSocketChannel channel = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            channel.bind(UnixDomainSocketAddress.of(socket));
            Cli run = run();
            assertThat(run.exitCode()).isEqualTo(ExitCode.NO.code());
            assertThat(run.out())
                    .contains("skipped 1: no name that LMCache gives\n  README.md (of no known format)")
                    .contains("skipped 1: not in the directory where LMCache looks for it\n  tmp/m@")
                    .contains("skipped 1: no regular file")
                    .contains("skipped 1: no bytes")
                    .contains("zz?[2J.data")
                    .doesNotContain("\u001b");
        }
        assertThat(daemon.chunks).isEmpty();
    }

    @Test
    void gdsFilesThatAreNotWhole() throws IOException {
        byte[] payload = Trees.bytes(1, 384);
        Path file = Trees.writeGds(root, payload);
        Path metadata = file.resolveSibling(file.getFileName() + ".metadata");
        byte[] header = Files.readAllBytes(metadata);
        byte[] whole = Files.readAllBytes(file);

        Files.delete(metadata);
        assertThat(reasons(run("--json").json())).containsExactly("not_published 1");
        Files.write(metadata, Arrays.copyOf(header, 100));
        assertThat(reasons(run("--json").json())).containsExactly("bad_header 1");
        Files.write(metadata, Trees.concat(header, new byte[1]));
        assertThat(reasons(run("--json").json())).containsExactly("bad_header 1");
        Files.write(metadata, Trees.gdsHeader(768));
        assertThat(reasons(run("--json").json())).containsExactly("bad_header 1");
        Files.write(metadata, header);
        Files.write(file, Arrays.copyOf(whole, whole.length - 1));
        assertThat(reasons(run("--json").json())).containsExactly("wrong_size 1");
        Files.write(file, Arrays.copyOf(whole, whole.length + 1));
        assertThat(reasons(run("--json").json())).containsExactly("wrong_size 1");
        Files.write(file, Arrays.copyOf(whole, 4000));
        assertThat(reasons(run("--json").json())).containsExactly("bad_header 1");
        assertThat(daemon.chunks).isEmpty();
    }

    @Test
    void pagesAreCutToTheTrueLength() throws IOException {
        byte[] pages = Trees.bytes(1, 3 * 4096);
        Trees.write(root, "m_01000100_0_0001.bin", pages);
        Trees.write(root, "m_01000100_1_0001.bin", pages);

        assertThat(run("--true-length", "0=10000").exitCode()).isZero();
        assertStored("m@01000100@0@0001", Arrays.copyOf(pages, 10_000));
        assertStored("m@01000100@1@0001", pages);
        assertThat(reasons(run("--json", "--true-length", "0=8192").json())).containsExactly("wrong_size 1");
        assertThat(reasons(run("--json", "--true-length", "1=12289").json()))
                .containsExactly("wrong_size 1", "other_length 1");
        assertThat(run("--true-length", "0=0").err()).contains("--true-length: a true length needs");
    }

    @Test
    void aDryRunAsksNobody() throws IOException {
        Trees.write(root, "org-SEP-m@0x01000100@0@00ff.data", Trees.bytes(1, 2048));
        Trees.write(root, "other@0x01000100@0@00ff.data", Trees.bytes(1, 1024));
        daemon.close();
        Cli run = run("--dry-run");
        assertThat(run.exitCode()).isZero();
        assertThat(run.out()).isEqualTo("""
                        would import   2 chunks (3.0 KiB)
                        already there  0 chunks (0 B)
                        skipped        0
                        would import by model:
                          org/m (fs_native)  1 chunks (2.0 KiB)
                          other (fs_native)  1 chunks (1.0 KiB)
                        """);
        assertThat(run("--dry-run", "--model", "org/m").out()).contains("would import   1 chunks (2.0 KiB)");
        assertThat(run("--dry-run", "--format", "gds").out()).contains("not of format gds");
    }

    @Test
    void otherBytesInTheDaemonAreFound() throws IOException {
        Trees.write(root, "org-SEP-m@0x01000100@0@00ff.data", Trees.bytes(1, 2048));
        daemon.get = (request, out) -> {
            byte[] wrong = Trees.bytes(1, 2048);
            wrong[2047] ^= 1;
            out.onNext(GetResponse.newBuilder()
                    .setLength(2048)
                    .setData(ByteString.copyFrom(wrong))
                    .setStatus(GetStatus.GET_STATUS_HIT)
                    .build());
            out.onCompleted();
        };
        Cli run = run("--verify");
        assertThat(run.exitCode()).isEqualTo(ExitCode.WRONG_DATA.code());
        assertThat(run.out()).contains("org/m@01000100@0@00ff differs at byte 2047", "imported       0 chunks");
    }

    @Test
    void aDaemonThatIsShortOfMemoryGetsTime() throws IOException {
        Trees.write(root, "m@0x01000100@0@00ff.data", Trees.bytes(1, 2048));
        AtomicInteger begun = new AtomicInteger();
        daemon.refuse = _ -> begun.incrementAndGet() <= 3 ? refusal(PutStatus.PUT_STATUS_SHED) : null;
        FakeTimer timer = new FakeTimer();
        importInto(timer);
        assertThat(daemon.chunks).hasSize(1);
        assertThat(timer.sleeps()).isEqualTo(3);
        assertThat(timer.nanoTime()).isEqualTo(700_000_000);

        daemon.chunks.clear();
        daemon.refuse = _ -> refusal(PutStatus.PUT_STATUS_SHED);
        assertThatThrownBy(() -> importInto(timer))
                .isInstanceOf(CommandFailure.class)
                .hasMessage("the daemon does not take m@01000100@0@00ff (no_memory: full);"
                        + " the same command goes on later");
    }

    @Test
    void wrongUsage() {
        assertThat(Cli.run("import", directory.resolve("no").toString()).err()).contains("there is no directory");
        assertThat(run("--parallel", "0").err()).contains("--parallel must be 1 to 64, not 0");
        assertThat(run("--format", "GDS").err()).contains("'GDS' is none of gds, fs_native, nixl and fs");
        assertThat(run("--rate", "fast").err()).contains("'fast' is no rate, such as 500MiB/s");
    }

    @Test
    void aDaemonThatGoesAway() throws IOException {
        Trees.write(root, "m@0x01000100@0@00ff.data", Trees.bytes(1, 2048));
        daemon.close();
        Cli run = run();
        assertThat(run.exitCode()).isEqualTo(ExitCode.UNREACHABLE.code());
        assertThat(run.err()).contains("imported       0 chunks", "cannot reach");
    }

    private void importInto(Timer timer) throws IOException {
        KvStoreClient client = KvStoreClient.connect(daemon.target(), ClientOptions.defaults());
        try (Session session = new Session(client, client.hello())) {
            new TreeImport(
                            session,
                            new TreeReader(root, null, TrueLengths.AS_FILES),
                            new TreeImport.Options(2, false, false, _ -> true),
                            timer,
                            new RateLimit(RateLimit.UNLIMITED, timer),
                            new Tally("imported"))
                    .run(new Progress.Step() {
                        @Override
                        public void advance(long amount) {}

                        @Override
                        public void close() {}
                    });
        }
    }

    private Cli run(String... options) {
        List<String> args = new ArrayList<>(
                List.of("import", root.toString(), "--target", daemon.target().toString(), "--timeout", "10s"));
        args.addAll(List.of(options));
        return Cli.run(args.toArray(String[]::new));
    }

    private void assertStored(String key, byte[] value) {
        assertThat(daemon.chunks).containsEntry(ByteString.copyFromUtf8(key), ByteString.copyFrom(value));
    }

    private static PutResponse refusal(PutStatus status) {
        return PutResponse.newBuilder()
                .setStatus(status)
                .setReason(PutReason.PUT_REASON_NO_MEMORY)
                .setMessage("full")
                .build();
    }

    private static long count(JsonObject json, String what) {
        return json.getAsJsonObject(what).get("chunks").getAsLong();
    }

    private static List<String> reasons(JsonObject json) {
        return json.getAsJsonArray("skips").asList().stream()
                .map(skip -> skip.getAsJsonObject().get("reason").getAsString() + " "
                        + skip.getAsJsonObject().get("count").getAsLong())
                .toList();
    }

    private static List<String> state(Path tree) throws IOException {
        try (Stream<Path> files = Files.walk(tree)) {
            List<String> state = new ArrayList<>();
            for (Path file : files.sorted().toList()) {
                state.add(file + " " + Files.getLastModifiedTime(file) + " " + Files.size(file));
            }
            return state;
        }
    }
}
