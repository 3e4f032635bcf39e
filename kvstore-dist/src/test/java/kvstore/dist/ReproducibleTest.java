package kvstore.dist;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The same tree gives the same bytes, at whatever time and under whatever umask. */
final class ReproducibleTest {
    @TempDir
    private Path directory;

    @Test
    void packagesDependOnTheirContentsAlone() throws IOException {
        Release first = release("first", Instant.parse("2001-02-03T04:05:06Z"), "rwxrwxrwx");
        Release second = release("second", Instant.parse("2021-02-03T04:05:06Z"), "rwx------");

        assertThat(Deb.write(first, new Tree(first.tree())))
                .hasSameBinaryContentAs(Deb.write(second, new Tree(second.tree())));
        assertThat(Rpm.write(first, new Tree(first.tree())))
                .hasSameBinaryContentAs(Rpm.write(second, new Tree(second.tree())));
    }

    private Release release(String name, Instant written, String permissions) throws IOException {
        Release release = Built.release("1.2.3", directory.resolve(name));
        Files.createDirectories(release.packages());
        Path program = release.tree().resolve("usr/bin/kvstore");
        Files.createDirectories(program.getParent());
        Files.writeString(program, "#!/bin/sh\n");
        Files.setPosixFilePermissions(program, PosixFilePermissions.fromString(permissions));
        Files.setLastModifiedTime(program, FileTime.from(written));
        Files.createSymbolicLink(release.tree().resolve("usr/bin/link"), Path.of("kvstore"));
        return release;
    }
}
