package kvstore.dist;

import com.google.cloud.tools.jib.api.CacheDirectoryCreationException;
import com.google.cloud.tools.jib.api.Containerizer;
import com.google.cloud.tools.jib.api.InvalidImageReferenceException;
import com.google.cloud.tools.jib.api.Jib;
import com.google.cloud.tools.jib.api.JibContainerBuilder;
import com.google.cloud.tools.jib.api.RegistryException;
import com.google.cloud.tools.jib.api.TarImage;
import com.google.cloud.tools.jib.api.buildplan.AbsoluteUnixPath;
import com.google.cloud.tools.jib.api.buildplan.FileEntriesLayer;
import com.google.cloud.tools.jib.api.buildplan.FileEntry;
import com.google.cloud.tools.jib.api.buildplan.FilePermissions;
import com.google.cloud.tools.jib.api.buildplan.ImageFormat;
import com.google.cloud.tools.jib.api.buildplan.Platform;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutionException;

/**
 * A container image as a tar in the layout of OCI, made without a container engine. On a base that is named, or on the C
 * library of this machine and nothing else: then it has no shell, and the program is started by its own name.
 *
 * <p>Its AOT cache is made here, because nothing runs when an image is installed.
 */
final class OciImage {
    private static final String SCRATCH = "scratch";
    private static final String HOME = "/usr/lib/kvstore";
    private static final String AOT_CACHE = HOME + "/serve.aot";
    private static final String OWNER = "65532:65532";
    private static final List<String> WRITABLE = List.of("/tmp", "/run/kvstore", "/var/lib/kvstore");

    private final Release release;
    private final Path work;

    private OciImage(Release release) {
        this.release = release;
        this.work = release.target().resolve("oci");
    }

    /**
     * Writes it among the packages of a release, and returns its path.
     *
     * @param base as Jib takes it: a reference into a registry, or {@code tar://} and a path; {@code scratch} for none
     */
    static Path write(Release release, Tree tree, String base) throws IOException, InterruptedException {
        return new OciImage(release).write(tree, base);
    }

    private Path write(Tree tree, String base) throws IOException, InterruptedException {
        Packages.clear(work);
        Files.createDirectories(work);
        Path home = tree.top().resolve("usr/lib/kvstore");
        Path aotCache = work.resolve("serve.aot");
        Command.output(home.resolve("train-aot").toString(), aotCache.toString());
        Path tar = release.packages().resolve("kvstore-%s-oci.tar".formatted(release.packageVersion()));
        try {
            JibContainerBuilder image = base.equals(SCRATCH) ? onThisMachinesLibrary(home) : Jib.from(base);
            image.addFileEntriesLayer(runtime(tree))
                    .addFileEntriesLayer(program(tree, aotCache))
                    .addFileEntriesLayer(writable())
                    .setFormat(ImageFormat.OCI)
                    .setPlatforms(Set.of(new Platform(Machine.current().debian(), "linux")))
                    .setCreationTime(release.timestamp())
                    .setUser(OWNER)
                    .setEntrypoint(entrypoint(home))
                    .setProgramArguments("serve", "--config", "/etc/kvstore/kvstore.yaml")
                    .addEnvironmentVariable("LANG", "C.UTF-8")
                    .addVolume(AbsoluteUnixPath.get("/var/lib/kvstore"))
                    .addLabel("org.opencontainers.image.title", "kvstore")
                    .addLabel("org.opencontainers.image.version", release.version())
                    .addLabel("org.opencontainers.image.licenses", "Apache-2.0")
                    .containerize(Containerizer.to(TarImage.at(tar).named("kvstore:" + release.version()))
                            .setApplicationLayersCache(work.resolve("layers"))
                            .setBaseImageLayersCache(work.resolve("base"))
                            .setToolName("kvstore")
                            // the base's only, and only if it is in a registry
                            .setOfflineMode(base.equals(SCRATCH)));
        } catch (InvalidImageReferenceException
                | RegistryException
                | CacheDirectoryCreationException
                | ExecutionException e) {
            throw new IOException("cannot make " + tar + ": " + e.getMessage(), e);
        }
        return tar;
    }

    private JibContainerBuilder onThisMachinesLibrary(Path home) throws IOException, InterruptedException {
        FileEntriesLayer.Builder layer = FileEntriesLayer.builder().setName("C library");
        for (Path library : SharedLibraries.of(home.resolve("runtime"))) {
            layer.addEntry(file(library, library.toString(), "755"));
        }
        for (Path licence : SharedLibraries.licences()) {
            layer.addEntry(file(licence, licence.toString(), "644"));
        }
        Path users = Files.writeString(work.resolve("passwd"), "kvstore:x:65532:65532::/var/lib/kvstore:/\n");
        Path groups = Files.writeString(work.resolve("group"), "kvstore:x:65532:\n");
        layer.addEntry(file(users, "/etc/passwd", "644")).addEntry(file(groups, "/etc/group", "644"));
        return Jib.fromScratch().addFileEntriesLayer(layer.build());
    }

    /** Apart, because it changes less often than the program. */
    private FileEntriesLayer runtime(Tree tree) throws IOException {
        return layer(
                        "runtime",
                        tree.entries().stream().filter(OciImage::isRuntime).toList())
                .build();
    }

    private FileEntriesLayer program(Tree tree, Path aotCache) throws IOException {
        List<Tree.Entry> entries = tree.entries().stream()
                .filter(entry -> !isRuntime(entry) && !isForAHost(entry.path().toString()))
                .toList();
        return layer("program", entries)
                .addEntry(file(aotCache, AOT_CACHE, "644"))
                .build();
    }

    private FileEntriesLayer writable() throws IOException {
        Path directory = Files.createDirectories(work.resolve("directory"));
        FileEntriesLayer.Builder layer = FileEntriesLayer.builder().setName("writable");
        for (String path : WRITABLE) {
            layer.addEntry(new FileEntry(
                    directory,
                    AbsoluteUnixPath.get(path),
                    FilePermissions.fromOctalString(path.equals("/tmp") ? "777" : "755"),
                    release.timestamp(),
                    OWNER));
        }
        return layer.build();
    }

    private FileEntriesLayer.Builder layer(String name, List<Tree.Entry> entries) {
        FileEntriesLayer.Builder layer = FileEntriesLayer.builder().setName(name);
        for (Tree.Entry entry : entries) {
            layer.addEntry(file(entry.source(), "/" + entry.path(), Integer.toOctalString(entry.mode())));
        }
        return layer;
    }

    private FileEntry file(Path source, String path, String mode) {
        // the AOT cache is only good for files of the time at which it was made
        return new FileEntry(
                source, AbsoluteUnixPath.get(path), FilePermissions.fromOctalString(mode), release.timestamp());
    }

    private static boolean isRuntime(Tree.Entry entry) {
        return entry.path().startsWith("usr/lib/kvstore/runtime");
    }

    /** The unit, the user and the manual, of which a container has no use, and the launcher, which needs a shell. */
    private static boolean isForAHost(String path) {
        return path.startsWith("usr/lib/systemd")
                || path.startsWith("usr/lib/sysusers.d")
                || path.startsWith("usr/lib/tmpfiles.d")
                || path.startsWith("usr/bin")
                || path.startsWith("usr/share/man")
                || path.startsWith("usr/share/bash-completion");
    }

    /** What the launcher would run, with the flags from where it takes them. */
    private List<String> entrypoint(Path home) throws IOException, InterruptedException {
        String flags = Command.output(
                "bash",
                "-c",
                "unset KVSTORE_JAVA_OPTS; source \"$1\"; jvm_flags \"$2\" '' serve; printf '%s\\n' \"${flags[@]}\"",
                "flags",
                home.resolve("flags.bash").toString(),
                HOME);
        List<String> command = new ArrayList<>(List.of(HOME + "/runtime/bin/java"));
        command.addAll(flags.lines().toList());
        command.addAll(
                List.of("-XX:AOTCache=" + AOT_CACHE, "-cp", HOME + "/lib/kvstore.jar", "kvstore.client.cli.Main"));
        return command;
    }
}
