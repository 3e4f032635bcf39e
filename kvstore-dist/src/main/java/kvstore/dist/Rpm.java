package kvstore.dist;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.EnumSet;
import org.eclipse.packager.rpm.FileFlags;
import org.eclipse.packager.rpm.RpmTag;
import org.eclipse.packager.rpm.RpmVersion;
import org.eclipse.packager.rpm.build.BuilderContext;
import org.eclipse.packager.rpm.build.BuilderOptions;
import org.eclipse.packager.rpm.build.FileInformation;
import org.eclipse.packager.rpm.build.RpmBuilder;
import org.eclipse.packager.rpm.build.RpmBuilder.PackageInformation;
import org.eclipse.packager.rpm.build.SimpleFileInformationCustomizer;
import org.eclipse.packager.rpm.deps.RpmDependencyFlags;

/** The package for RHEL, Rocky Linux and their like. */
final class Rpm {
    private static final String RELEASE = "1";

    /** Directories that others own too; one that is left out is not removed with the package. */
    private static final Path OWN = Path.of("kvstore");

    private Rpm() {}

    /** Writes it among the packages of a release, and returns its path. */
    static Path write(Release release, Tree tree) throws IOException {
        String architecture = Machine.current().kernel();
        Path rpm = release.packages()
                .resolve("kvstore-%s-%s.%s.rpm".formatted(release.packageVersion(), RELEASE, architecture));
        BuilderOptions options = new BuilderOptions();
        options.setOpenOptions(new StandardOpenOption[] {
            StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE
        });
        try (RpmBuilder builder = new RpmBuilder(
                "kvstore", new RpmVersion(null, release.packageVersion(), RELEASE), architecture, rpm, options)) {
            describe(builder.getInformation());
            builder.addRequirement("bash", "");
            builder.addRequirement("coreutils", "");
            builder.addRequirement("glibc", "2.17", RpmDependencyFlags.GREATER, RpmDependencyFlags.EQUAL);
            builder.addRequirement(
                    "rpmlib(TildeInVersions)",
                    "4.10.4-1",
                    RpmDependencyFlags.LESS,
                    RpmDependencyFlags.EQUAL,
                    RpmDependencyFlags.RPMLIB);
            builder.addRecommends("systemd", "");
            // it would be the time of now
            builder.setHeaderCustomizer(header -> header.putInt(
                    RpmTag.BUILDTIME, Math.toIntExact(release.timestamp().getEpochSecond())));
            builder.setPreInstallationScript(script(release, "pre"));
            builder.setPostInstallationScript(script(release, "post"));
            builder.setPreRemoveScript(script(release, "preun"));
            builder.setPostRemoveScript(script(release, "postun"));
            add(release, tree, builder.newContext());
            builder.build();
        }
        return rpm;
    }

    private static void describe(PackageInformation information) {
        information.setSummary("KV cache store for LLM inference");
        information.setDescription("""
                A daemon beside vLLM and LMCache that keeps the KV cache of prompts on Lustre or
                any local file system, and gives it back in a fraction of the time that computing
                it again would take.

                The package brings its own Java runtime.""");
        information.setLicense("Apache-2.0");
        information.setGroup("Applications/System");
        information.setBuildHost("localhost");
    }

    private static void add(Release release, Tree tree, BuilderContext context) throws IOException {
        for (Tree.Entry entry : tree.entries()) {
            String path = "/" + entry.path();
            SimpleFileInformationCustomizer information = file -> complete(release, entry, file);
            if (entry.isLink()) {
                context.addSymbolicLink(
                        path, Files.readSymbolicLink(entry.source()).toString(), information);
            } else if (!entry.isDirectory()) {
                context.addFile(path, entry.source(), information);
            } else if (isOwn(entry.path())) {
                context.addDirectory(path, information);
            }
        }
    }

    private static boolean isOwn(Path directory) {
        for (Path name : directory) {
            if (name.equals(OWN)) {
                return true;
            }
        }
        return false;
    }

    private static void complete(Release release, Tree.Entry entry, FileInformation file) {
        file.setTimestamp(release.timestamp());
        file.setUser(BuilderContext.DEFAULT_USER);
        file.setGroup(BuilderContext.DEFAULT_GROUP);
        file.setMode((short) entry.mode());
        if (entry.isConfiguration()) {
            // an edited one stays, and the new one comes as .rpmnew
            file.setFileFlags(EnumSet.of(FileFlags.CONFIGURATION, FileFlags.NOREPLACE));
        }
    }

    private static String script(Release release, String name) throws IOException {
        return Files.readString(release.deploy("packages/rpm").resolve(name));
    }
}
