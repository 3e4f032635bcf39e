package kvstore.dist;

import com.google.common.hash.Hasher;
import com.google.common.hash.Hashing;
import com.google.common.io.MoreFiles;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.List;
import java.util.jar.Attributes;
import java.util.jar.JarFile;
import java.util.jar.Manifest;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** Puts the tree together. */
final class TreeBuilder {
    /** For the servers that watch, which are other machines as a rule. */
    private static final List<String> MONITORING =
            List.of("prometheus/kvstore-recording.yml", "prometheus/kvstore-alerts.yml", "grafana/kvstore.json");

    private static final int BUILD_ID_DIGITS = 16;

    private final Release release;
    private final Path home;

    private TreeBuilder(Release release) {
        this.release = release;
        this.home = release.tree().resolve("usr/lib/kvstore");
    }

    /** Makes the tree anew. */
    static Tree build(Release release) throws IOException {
        Packages.clear(release.tree());
        TreeBuilder builder = new TreeBuilder(release);
        builder.addProgram();
        builder.addService();
        builder.addDocumentation();
        Tree tree = new Tree(release.tree());
        FileTime time = FileTime.from(release.timestamp());
        for (Tree.Entry entry : tree.entries()) {
            Files.setLastModifiedTime(entry.source(), time);
        }
        return tree;
    }

    private void addProgram() throws IOException {
        Files.createDirectories(home.resolve("lib"));
        RuntimeImage.link(home.resolve("runtime"));
        List<Path> jars = jars();
        for (Path jar : jars) {
            Files.copy(jar, home.resolve("lib").resolve(jar.getFileName()));
        }
        writeClassPath(jars);
        Files.writeString(home.resolve("build-id"), buildId() + "\n");
        copy("launcher/flags.bash", "usr/lib/kvstore/flags.bash");
        copyProgram("packages/train-aot", "usr/lib/kvstore/train-aot");
        copyProgram("packages/kvstore", "usr/bin/kvstore");
    }

    private void addService() throws IOException {
        copy("packages/kvstore.yaml", "etc/kvstore/kvstore.yaml");
        copy("systemd/kvstore.service", "usr/lib/systemd/system/kvstore.service");
        copy("sysusers.d/kvstore.conf", "usr/lib/sysusers.d/kvstore.conf");
        copy("tmpfiles.d/kvstore.conf", "usr/lib/tmpfiles.d/kvstore.conf");
    }

    private void addDocumentation() throws IOException {
        Path share = release.tree().resolve("usr/share");
        new ManPages(release).write(share.resolve("man/man1"));
        Path completion = share.resolve("bash-completion/completions/kvstore");
        Files.createDirectories(completion.getParent());
        Files.writeString(completion, ManPages.completion());
        Path doc = share.resolve("doc/kvstore");
        copy("packages/copyright", "usr/share/doc/kvstore/copyright");
        Files.copy(release.root().resolve("LICENSE"), doc.resolve("LICENSE"));
        Gzip.write(doc.resolve("changelog.gz"), Files.readString(release.root().resolve("CHANGELOG.md")));
        for (String file : MONITORING) {
            copy(file, "usr/share/doc/kvstore/" + file);
        }
        Inventory inventory = new Inventory(release.target().resolve("kvstore.cdx.json"));
        inventory.requireAccepted();
        Files.writeString(doc.resolve("kvstore.cdx.json"), inventory.json());
        Files.writeString(doc.resolve("THIRD-PARTY.txt"), inventory.text());
    }

    /** What {@code ./kvstore} of the checkout runs. */
    private List<Path> jars() throws IOException {
        Path lib = release.root().resolve("kvstore-bench/target/lib");
        try (Stream<Path> found = Files.list(lib)) {
            return found.filter(path -> path.toString().endsWith(".jar"))
                    .sorted()
                    .toList();
        }
    }

    /**
     * Writes a jar that has only the names of the others. With {@code lib/*} their order would be that of the directory, which
     * differs between file systems, and an AOT cache is only good for the order in which it was made.
     */
    private void writeClassPath(List<Path> jars) throws IOException {
        Manifest manifest = new Manifest();
        manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
        manifest.getMainAttributes()
                .put(
                        Attributes.Name.CLASS_PATH,
                        jars.stream().map(jar -> jar.getFileName().toString()).collect(Collectors.joining(" ")));
        try (OutputStream out = Files.newOutputStream(home.resolve("lib/kvstore.jar"));
                ZipOutputStream jar = new ZipOutputStream(out)) {
            ZipEntry entry = new ZipEntry(JarFile.MANIFEST_NAME);
            entry.setTimeLocal(LocalDateTime.ofInstant(release.timestamp(), ZoneOffset.UTC));
            jar.putNextEntry(entry);
            manifest.write(jar);
            jar.closeEntry();
        }
    }

    /**
     * Names the contents of the jars and the runtime: the launcher takes only the AOT cache of this name. The JVM by itself looks
     * at sizes and times alone, and all files of all builds are of the same time.
     */
    private String buildId() throws IOException {
        Hasher hasher = Hashing.sha256().newHasher();
        for (Tree.Entry entry : new Tree(home).entries()) {
            if (!entry.isDirectory()) {
                hasher.putString(entry.path().toString(), StandardCharsets.UTF_8);
                hasher.putBytes(MoreFiles.asByteSource(entry.source())
                        .hash(Hashing.sha256())
                        .asBytes());
            }
        }
        return hasher.hash().toString().substring(0, BUILD_ID_DIGITS);
    }

    private void copyProgram(String file, String path) throws IOException {
        copy(file, path);
        Files.setPosixFilePermissions(release.tree().resolve(path), PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private void copy(String file, String path) throws IOException {
        Path target = release.tree().resolve(path);
        Files.createDirectories(target.getParent());
        Files.copy(release.deploy(file), target, StandardCopyOption.REPLACE_EXISTING);
    }
}
