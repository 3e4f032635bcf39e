package kvstore.store;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.CompletableFuture;
import kvstore.api.Blocks;
import kvstore.api.Buffer;
import kvstore.api.FileSystemFacts;
import kvstore.api.HostBuffer;
import kvstore.api.IoEngine;
import kvstore.api.IoFailure;
import kvstore.api.IoFile;
import kvstore.api.IoPath;

/**
 * Reads files on the calling thread, through the page cache, and opens none for writing. For who looks at a directory that
 * no daemon uses: the daemon's engine writes a file to prove itself.
 */
final class ReadOnlyEngine implements IoEngine {
    @Override
    public IoPath path() {
        return IoPath.BUFFERED;
    }

    @Override
    public String reason() {
        return "nothing may be written";
    }

    @Override
    public IoFile create(Path file, long sizeBytes) throws IoFailure {
        throw new IoFailure(IoFailure.Kind.DENIED, 0, "create " + file + ": nothing may be written");
    }

    @Override
    public IoFile open(Path file) throws IoFailure {
        try {
            return new ReadOnlyFile(file, FileChannel.open(file, StandardOpenOption.READ), Files.size(file));
        } catch (IOException e) {
            throw failure("open", file, e);
        }
    }

    @Override
    public FileSystemFacts facts(Path directory) {
        return new FileSystemFacts("not looked at", 0, 0);
    }

    @Override
    public void close() {}

    private static IoFailure failure(String operation, Path file, IOException e) {
        IoFailure.Kind kind = switch (e) {
            case NoSuchFileException _ -> IoFailure.Kind.NOT_FOUND;
            case AccessDeniedException _ -> IoFailure.Kind.DENIED;
            case EOFException _ -> IoFailure.Kind.SHORT;
            case ClosedChannelException _ -> IoFailure.Kind.CLOSED;
            default -> IoFailure.Kind.IO;
        };
        return new IoFailure(kind, 0, operation + " " + file + ": " + e);
    }

    private record ReadOnlyFile(Path file, FileChannel channel, long sizeBytes) implements IoFile {
        @Override
        public CompletableFuture<Void> read(long offset, Buffer destination) {
            if (offset < 0 || !Blocks.isAligned(offset)) {
                throw new IllegalArgumentException("offset " + offset + " is not at a block boundary");
            }
            if (!(destination instanceof HostBuffer host)) {
                throw new IllegalArgumentException("only memory of this process can be read into");
            }
            ByteBuffer bytes = host.memory().asByteBuffer();
            try {
                while (bytes.hasRemaining()) {
                    if (channel.read(bytes, offset + bytes.position()) < 0) {
                        throw new EOFException("the file ends inside the extent");
                    }
                }
                return CompletableFuture.completedFuture(null);
            } catch (IOException e) {
                return CompletableFuture.failedFuture(failure("read", file, e));
            }
        }

        @Override
        public CompletableFuture<Void> write(long offset, Buffer source) {
            return CompletableFuture.failedFuture(
                    new IoFailure(IoFailure.Kind.DENIED, 0, "write " + file + ": nothing may be written"));
        }

        @Override
        public void close() {
            try {
                channel.close();
            } catch (IOException _) {
                // nothing was written
            }
        }
    }
}
