package kvstore.client.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import kvstore.client.FakeDaemon;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A daemon's chunks into trees. */
@NullMarked
@Timeout(60)
final class ExportTest {
    @TempDir
    private Path directory;

    private Path root;
    private FakeDaemon daemon;

    @BeforeEach
    void start() throws IOException {
        root = directory.resolve("tree");
        daemon = FakeDaemon.onTcp();
    }

    @AfterEach
    void stop() {
        daemon.close();
    }

    @ParameterizedTest
    @CsvSource({"fs_native", "nixl", "nixl --shard-dirs"})
    void multiprocessAndBack(String format) throws IOException {
        put("org/m@01000100@0@00ff", Trees.bytes(1, 1_300_000));
        put("org/m@01000100@0@01ff@salt", Trees.bytes(2, 1));
        put("other@01000100@0@02ff", Trees.bytes(3, 5000));
        var before = new ArrayList<>(daemon.chunks.entrySet());

        Cli export = run(("--format " + format).split(" "));
        assertThat(export.exitCode()).as(export.out()).isZero();
        assertThat(export.out()).contains("exported       3 chunks");
        assertThat(run(("--format " + format).split(" ")).out())
                .contains("exported       0 chunks", "already there  3 chunks");

        daemon.chunks.clear();
        assertThat(Cli.run(
                                "import",
                                root.toString(),
                                "--target",
                                daemon.target().toString())
                        .exitCode())
                .isZero();
        assertThat(new ArrayList<>(daemon.chunks.entrySet())).isEqualTo(before);
    }

    @ParameterizedTest
    @CsvSource({"gds", "fs"})
    void inProcessAndBack(String format) throws IOException {
        byte[] value = Trees.bytes(1, 12_800);
        put(Trees.GDS_KEY, value);
        put("org/m@1@0@ff", Trees.bytes(2, 100));

        Cli export = run("--format", format, "--kv-shape", "2,4,8");
        assertThat(export.exitCode()).isEqualTo(ExitCode.NO.code());
        assertThat(export.out()).contains("exported       1 chunks", "skipped 1: the format cannot name it");

        daemon.chunks.clear();
        assertThat(Cli.run(
                                "import",
                                root.toString(),
                                "--target",
                                daemon.target().toString())
                        .exitCode())
                .isZero();
        assertThat(daemon.chunks).containsOnlyKeys(ByteString.copyFromUtf8(Trees.GDS_KEY));
        assertThat(daemon.chunks.firstEntry().getValue().toByteArray()).isEqualTo(value);
    }

    @ParameterizedTest
    @ValueSource(ints = {400, 401, 1})
    void describedValuesAndBack(int length) throws IOException {
        byte[] payload = Trees.bytes(1, length);
        put("m@1@0@ff@half@3", Trees.concat(payload, Trees.description(length)));
        assertThat(run("--format", "fs").exitCode()).isZero();
        assertThat(root.resolve("m@1@0@ff@half@3.data"))
                .hasBinaryContent(Trees.concat(Trees.remoteMetadata(length), payload));
        daemon.chunks.clear();
        assertThat(Cli.run(
                                "import",
                                root.toString(),
                                "--target",
                                daemon.target().toString())
                        .exitCode())
                .isZero();
        assertThat(daemon.chunks.firstEntry().getValue().toByteArray())
                .isEqualTo(Trees.concat(payload, Trees.description(length)));
    }

    @Test
    void gdsFilesAreAsLmcacheWritesThem() throws IOException {
        byte[] payload = Trees.bytes(1, 12_800);
        put(Trees.GDS_KEY, payload);
        assertThat(run("--format", "gds", "--kv-shape", "2,4,8").exitCode()).isZero();

        Path expected = Trees.writeGds(directory.resolve("expected"), payload);
        assertThat(root.resolve(Trees.GDS_NAME)).hasSameBinaryContentAs(expected);
        assertThat(root.resolve(Trees.GDS_NAME + ".metadata")).hasBinaryContent(Trees.gdsHeader(12_800));
        assertThat(files()).hasSize(2);

        // one that was ended between the two
        Files.delete(root.resolve(Trees.GDS_NAME + ".metadata"));
        assertThat(run("--format", "gds", "--kv-shape", "2,4,8").out()).contains("exported       1 chunks");
        assertThat(files()).hasSize(2);
    }

    @Test
    void whatIsNoTensorOfTheEngineIsNotExportedAsGds() throws IOException {
        put(Trees.GDS_KEY, Trees.bytes(1, 12_800));
        put("m@1@0@b8a960cfcc69e7a6@half", Trees.bytes(1, 5));
        put("m@1@0@b8a960cfcc69e7a7@half", Trees.bytes(1, 101));
        put("m@1@0@b8a960cfcc69e7a8@half", Trees.concat(Trees.bytes(1, 10), Trees.description(10)));
        byte[] lies = Trees.concat(Trees.bytes(1, 10), Trees.description(10));
        lies[lies.length - 16]++;
        put("m@1@0@b8a960cfcc69e7a9@half", lies);
        for (String[] options : new String[][] {{}, {"--kv-shape", "2,4,9"}}) {
            Cli run = run(Stream.concat(Stream.of("--format", "gds"), Stream.of(options))
                    .toArray(String[]::new));
            assertThat(run.exitCode()).isEqualTo(ExitCode.NO.code());
            assertThat(run.out()).contains("skipped 5: the format cannot name it");
            assertThat(files()).isEmpty();
        }
        assertThat(run("--format", "gds", "--kv-shape", "3,4,9").err()).contains("'3,4,9' is no shape");
    }

    @Test
    void otherBytesAreLeftAlone() throws IOException {
        put("org/m@01000100@0@00ff", Trees.bytes(1, 5000));
        Path file = Trees.write(root, "org-SEP-m@0x01000100@0@00ff.data", Trees.bytes(2, 5000));
        for (byte[] other : List.of(Trees.bytes(2, 5000), Trees.bytes(1, 4999), Trees.bytes(1, 5001), new byte[0])) {
            Files.write(file, other);
            Cli run = run("--format", "fs_native");
            assertThat(run.exitCode()).isEqualTo(ExitCode.NO.code());
            assertThat(run.out()).contains("skipped 1: something else is there already");
            assertThat(file).hasBinaryContent(other);
        }
        assertThat(files()).hasSize(1);
    }

    @Test
    void nothingOutsideTheTree() throws IOException {
        put("m@01000100@0@abcd", Trees.bytes(1, 5000));
        put("..@01000100@0@abcd", Trees.bytes(1, 5000));
        put("../../m@01000100@0@abcd", Trees.bytes(1, 5000));
        put("/m@01000100@0@abcd", Trees.bytes(1, 5000));
        Path outside = Files.createDirectory(directory.resolve("outside"));
        Files.createDirectory(root);
        Files.createSymbolicLink(root.resolve("ab"), outside);
        Cli run = run("--format", "nixl", "--shard-dirs");
        assertThat(run.exitCode()).as(run.out() + run.err()).isEqualTo(ExitCode.NO.code());
        assertThat(outside).isEmptyDirectory();

        Cli flat = run("--format", "fs_native");
        assertThat(flat.exitCode()).as(flat.out()).isZero();
        assertThat(files())
                .containsExactlyInAnyOrder(
                        "m@0x01000100@0@abcd.data",
                        "..@0x01000100@0@abcd.data",
                        "..-SEP-..-SEP-m@0x01000100@0@abcd.data",
                        "-SEP-m@0x01000100@0@abcd.data");
        try (Stream<Path> beside = Files.list(directory)) {
            assertThat(beside).containsExactlyInAnyOrder(root, outside);
        }
    }

    @Test
    void oneModel() throws IOException {
        put("org/m@01000100@0@00ff", Trees.bytes(1, 5000));
        put("org/m2@01000100@0@00ff", Trees.bytes(1, 5000));
        assertThat(run("--format", "fs_native", "--model", "org/m").exitCode()).isZero();
        assertThat(files()).containsExactly("org-SEP-m@0x01000100@0@00ff.data");
    }

    @Test
    void wrongUsage() {
        assertThat(run().err()).contains("Missing required option: '--format=FORMAT'");
        assertThat(run("--format", "gds", "--shard-dirs").err()).contains("--shard-dirs goes with --format nixl");
    }

    private void put(String key, byte[] value) {
        daemon.chunks.put(ByteString.copyFromUtf8(key), ByteString.copyFrom(value));
    }

    private Cli run(String... options) {
        List<String> args = new ArrayList<>(
                List.of("export", root.toString(), "--target", daemon.target().toString(), "--timeout", "10s"));
        args.addAll(List.of(options));
        return Cli.run(args.toArray(String[]::new));
    }

    private List<String> files() throws IOException {
        try (Stream<Path> files = Files.walk(root)) {
            return files.filter(Files::isRegularFile)
                    .map(file -> root.relativize(file).toString())
                    .toList();
        }
    }
}
