package kvstore.client.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import kvstore.client.wire.SegmentIo;

/** Values between files and off-heap memory. */
final class Payload {
    /** In place of a file name: standard input or output. */
    static final String STANDARD_STREAM = "-";

    private Payload() {}

    /** The bytes of a file or of standard input, mapped for as long as {@code arena} lives. */
    static MemorySegment read(String file, Console console, Arena arena) {
        try {
            MemorySegment value =
                    file.equals(STANDARD_STREAM) ? mapStream(console.in(), arena) : mapFile(Path.of(file), arena);
            if (value.byteSize() == 0) {
                throw new CommandFailure(ExitCode.USAGE, "the value is empty: it needs at least 1 byte");
            }
            return value;
        } catch (NoSuchFileException _) {
            throw new CommandFailure(ExitCode.USAGE, "there is no file " + file);
        } catch (IOException e) {
            throw new CommandFailure(ExitCode.FAILED, "cannot read %s: %s".formatted(file, e.getMessage()), e);
        }
    }

    private static MemorySegment mapFile(Path file, Arena arena) throws IOException {
        if (!Files.isRegularFile(file)) {
            try (InputStream in = Files.newInputStream(file)) {
                return mapStream(in, arena);
            }
        }
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            return channel.map(MapMode.READ_ONLY, 0, channel.size(), arena);
        }
    }

    // its length must be known before the first byte is sent, so it goes through a file that is already gone by name
    private static MemorySegment mapStream(InputStream in, Arena arena) throws IOException {
        Path spool = Files.createTempFile("kvstore-put-", ".tmp");
        try (FileChannel channel = FileChannel.open(
                spool, StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.DELETE_ON_CLOSE)) {
            in.transferTo(Channels.newOutputStream(channel));
            return channel.map(MapMode.READ_ONLY, 0, channel.size(), arena);
        }
    }

    /** Writes a value to a file, which appears whole or not at all, or to standard output. */
    static void write(MemorySegment value, String file, Console console) {
        try {
            if (file.equals(STANDARD_STREAM)) {
                SegmentIo.copy(value, console.out());
                console.out().flush();
            } else {
                writeFile(value, Path.of(file));
            }
        } catch (IOException e) {
            throw new CommandFailure(ExitCode.FAILED, "cannot write %s: %s".formatted(file, e.getMessage()), e);
        }
    }

    private static void writeFile(MemorySegment value, Path file) throws IOException {
        if (Files.exists(file) && !Files.isRegularFile(file)) {
            // a pipe or a device: a rename would put a file in its place
            try (OutputStream out = Files.newOutputStream(file)) {
                SegmentIo.copy(value, out);
            }
            return;
        }
        Path temporary = file.resolveSibling(".%s.%d.tmp"
                .formatted(file.getFileName(), ProcessHandle.current().pid()));
        try {
            try (OutputStream out = Files.newOutputStream(temporary)) {
                SegmentIo.copy(value, out);
            }
            Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(temporary);
        }
    }
}
