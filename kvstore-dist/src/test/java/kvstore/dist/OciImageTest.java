package kvstore.dist;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.common.hash.Hashing;
import com.google.common.io.MoreFiles;
import com.google.gson.Gson;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import kvstore.bench.CleanUp;
import kvstore.bench.DaemonLauncher;
import kvstore.bench.DaemonProcess;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The container image, read as its specification says, and run as a container engine would, but for its name spaces. */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
final class OciImageTest {
    private static final Gson GSON = new Gson();

    /** Gives the root what every engine gives, and one directory of the machine; then only the image is left. */
    private static final String ENTER = """
            mkdir -p "$1/dev" "$1/proc" "$1$2"
            mount --rbind /dev "$1/dev" && mount -t proc proc "$1/proc" && mount --bind "$2" "$1$2" || exit 1
            root=$1 user=$3
            shift 3
            exec chroot --userspec="$user" "$root" "$@"
            """;

    @TempDir
    static Path directory;

    private static Path image;
    private static JsonObject manifest;
    private static JsonObject configuration;

    @BeforeAll
    static void unpack() throws Exception {
        image = Files.createDirectory(directory.resolve("image"));
        Run.output("tar", "--extract", "--file", Built.pack("-oci.tar").toString(), "--directory", image.toString());
        JsonObject index = read(image.resolve("index.json"));
        manifest = read(blob(index.getAsJsonArray("manifests").get(0).getAsJsonObject()));
        configuration = read(blob(manifest.getAsJsonObject("config")));
    }

    @Test
    void isAnImageLayoutWhoseDigestsAreRight() throws IOException {
        assertThat(read(image.resolve("oci-layout")).get("imageLayoutVersion").getAsString())
                .isEqualTo("1.0.0");
        assertThat(configuration.get("os").getAsString()).isEqualTo("linux");
        assertThat(configuration.get("architecture").getAsString())
                .isEqualTo(Machine.current().debian());
        JsonArray layers = manifest.getAsJsonArray("layers");
        assertThat(layers).hasSize(4);
        for (JsonElement layer : layers) {
            Path blob = blob(layer.getAsJsonObject());
            assertThat(MoreFiles.asByteSource(blob).hash(Hashing.sha256()).toString())
                    .isEqualTo(blob.getFileName().toString());
        }
    }

    @Test
    void runsAsNobodyInParticular() {
        assertThat(container().get("User").getAsString()).isEqualTo("65532:65532");
        assertThat(strings("Cmd")).containsExactly("serve", "--config", "/etc/kvstore/kvstore.yaml");
    }

    @Test
    void servesWithNothingOfTheMachineButItsKernel() throws Exception {
        assumeTrue("root".equals(System.getProperty("user.name")), "chroot needs root");
        assumeTrue(
                Run.of(List.of("unshare", "--mount", "mount", "-t", "tmpfs", "none", "/mnt"))
                                .status()
                        == 0,
                "this machine lets nobody mount");
        Path root = Files.createDirectory(directory.resolve("root"));
        for (JsonElement layer : manifest.getAsJsonArray("layers")) {
            Run.output(
                    "tar",
                    "--extract",
                    "--gzip",
                    "--file",
                    blob(layer.getAsJsonObject()).toString(),
                    "--directory",
                    root.toString());
        }
        Files.setPosixFilePermissions(root, PosixFilePermissions.fromString("rwxr-xr-x"));
        Path shared = Files.createDirectory(directory.resolve("shared"));
        Files.setPosixFilePermissions(shared, PosixFilePermissions.fromString("rwxrwxrwx"));
        byte[] value = new byte[3_000_001];
        new Random(8).nextBytes(value);

        try (CleanUp cleanUp = new CleanUp()) {
            DaemonProcess daemon = DaemonProcess.start(
                    new DaemonLauncher(enter(root, shared)),
                    new DaemonProcess.Setup(
                            shared.resolve("pool"),
                            shared.resolve("kvstore.sock"),
                            directory.resolve("daemon.log"),
                            List.of("memory.slab-size=64MiB", "grpc.unix-socket-mode=0666"),
                            false),
                    cleanUp);
            String program = Built.tree().top().resolve("usr/bin/kvstore").toString();
            String target = daemon.target().toString();
            Path in = Files.write(directory.resolve("in"), value);
            Path out = directory.resolve("out");
            Run.output(program, "put", "m@1", in.toString(), "--target", target);
            Run.output(program, "get", "m@1", out.toString(), "--target", target);
            assertThat(out).hasBinaryContent(value);
            daemon.stop();
        }
        assertThat(directory.resolve("daemon.log")).content().doesNotContain("[warning]");
    }

    private static List<String> enter(Path root, Path shared) {
        List<String> command = new ArrayList<>(List.of(
                "env",
                // with this the JVM refuses to start where the AOT cache is missing or does not fit
                "JAVA_TOOL_OPTIONS=-XX:AOTMode=on",
                "unshare",
                "--mount",
                "sh",
                "-c",
                ENTER,
                "enter",
                root.toString(),
                shared.toString(),
                container().get("User").getAsString()));
        command.addAll(strings("Entrypoint"));
        command.addAll(strings("Cmd"));
        return command;
    }

    private static JsonObject container() {
        return configuration.getAsJsonObject("config");
    }

    private static List<String> strings(String key) {
        return container().getAsJsonArray(key).asList().stream()
                .map(JsonElement::getAsString)
                .toList();
    }

    private static Path blob(JsonObject descriptor) {
        return image.resolve("blobs/" + descriptor.get("digest").getAsString().replace(':', '/'));
    }

    private static JsonObject read(Path json) throws IOException {
        return GSON.fromJson(Files.readString(json), JsonObject.class);
    }
}
