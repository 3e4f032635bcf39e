package kvstore.server;

import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A real file system of a few hundred megabytes, mounted for one test. Needs root: elsewhere the test is skipped. */
final class SmallFileSystem implements AutoCloseable {
    private final Path mountPoint;

    private SmallFileSystem(Path mountPoint) {
        this.mountPoint = mountPoint;
    }

    /** An ext4 in a file, over a loop device. */
    static SmallFileSystem ext4(Path directory, long bytes) {
        Path image = directory.resolve("image");
        Path mountPoint = directory.resolve("ext4");
        try {
            Files.createDirectory(mountPoint);
            try (SeekableByteChannel channel =
                    Files.newByteChannel(image, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
                channel.position(bytes - 1).write(ByteBuffer.allocate(1));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        mount(List.of("mkfs.ext4", "-q", "-F", "-m", "0", image.toString()));
        mount(List.of("mount", "-o", "loop", image.toString(), mountPoint.toString()));
        return new SmallFileSystem(mountPoint);
    }

    /** A tmpfs with a limit. */
    static SmallFileSystem tmpfs(Path directory, long bytes) {
        Path mountPoint = directory.resolve("tmpfs");
        try {
            Files.createDirectory(mountPoint);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        mount(List.of("mount", "-t", "tmpfs", "-o", "size=" + bytes, "tmpfs", mountPoint.toString()));
        return new SmallFileSystem(mountPoint);
    }

    Path path() {
        return mountPoint;
    }

    @Override
    public void close() {
        String refusal = run(List.of("umount", mountPoint.toString()));
        if (!refusal.isEmpty()) {
            throw new AssertionError(refusal);
        }
    }

    private static void mount(List<String> command) {
        assumeThat(run(command)).as("mounting is not permitted here").isEmpty();
    }

    /** Returns what went wrong; empty if nothing. */
    private static String run(List<String> command) {
        try {
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
            boolean ended = process.waitFor(30, TimeUnit.SECONDS);
            return ended && process.exitValue() == 0 ? "" : command + " failed: " + said;
        } catch (IOException e) {
            return command + " failed: " + e;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }
}
