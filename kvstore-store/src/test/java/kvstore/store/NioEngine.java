package kvstore.store;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import kvstore.api.Blocks;
import kvstore.api.Buffer;
import kvstore.api.FileSystemFacts;
import kvstore.api.HostBuffer;
import kvstore.api.IoEngine;
import kvstore.api.IoFailure;
import kvstore.api.IoFile;
import kvstore.api.IoPath;
import org.jspecify.annotations.Nullable;

/** An engine on java.nio: strict about alignment as the real one is, and done when the call returns. */
final class NioEngine implements IoEngine {
    /** What {@link #facts} says is free. */
    volatile long availableBytes = 1L << 30;

    /** What {@link #facts} says is free if this directory took nothing; then it is asked each time. */
    volatile @Nullable Path shared;

    final AtomicLong reads = new AtomicLong();
    final AtomicLong readBytes = new AtomicLong();
    final AtomicLong writes = new AtomicLong();
    private final Set<NioFile> open = ConcurrentHashMap.newKeySet();

    int openFiles() {
        return open.size();
    }

    @Override
    public IoPath path() {
        return IoPath.BUFFERED;
    }

    @Override
    public String reason() {
        return "test";
    }

    @Override
    public IoFile create(Path file, long sizeBytes) throws IoFailure {
        requireAligned(sizeBytes);
        try {
            FileChannel channel = FileChannel.open(
                    file, StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE);
            channel.write(ByteBuffer.allocate(1), sizeBytes - 1);
            return new NioFile(file, channel, sizeBytes);
        } catch (FileAlreadyExistsException e) {
            throw new IoFailure(IoFailure.Kind.EXISTS, 17, "create " + file + ": EEXIST");
        } catch (IOException e) {
            throw new IoFailure(IoFailure.Kind.IO, 5, "create " + file + ": " + e);
        }
    }

    @Override
    public IoFile open(Path file) throws IoFailure {
        try {
            return new NioFile(
                    file, FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE), Files.size(file));
        } catch (NoSuchFileException e) {
            throw new IoFailure(IoFailure.Kind.NOT_FOUND, 2, "open " + file + ": ENOENT");
        } catch (IOException e) {
            throw new IoFailure(IoFailure.Kind.IO, 5, "open " + file + ": " + e);
        }
    }

    @Override
    public FileSystemFacts facts(Path directory) {
        long used = shared == null ? 0 : RealBlocks.under(shared);
        return new FileSystemFacts("test", 1L << 40, Math.max(0, availableBytes - used));
    }

    @Override
    public long allocatedBytes(Path file) throws IoFailure {
        long bytes = RealBlocks.bytes(file);
        if (bytes < 0) {
            throw new IoFailure(IoFailure.Kind.NOT_FOUND, 2, "statx " + file + ": ENOENT");
        }
        return bytes;
    }

    @Override
    public void close() {
        open.forEach(NioFile::close);
    }

    private static void requireAligned(long value) {
        if (value < 0 || !Blocks.isAligned(value)) {
            throw new IllegalArgumentException(value + " is not aligned");
        }
    }

    private final class NioFile implements IoFile {
        private final Path file;
        private final FileChannel channel;
        private final long sizeBytes;

        NioFile(Path file, FileChannel channel, long sizeBytes) {
            this.file = file;
            this.channel = channel;
            this.sizeBytes = sizeBytes;
            open.add(this);
        }

        @Override
        public Path file() {
            return file;
        }

        @Override
        public long sizeBytes() {
            return sizeBytes;
        }

        @Override
        public CompletableFuture<Void> read(long offset, Buffer destination) {
            reads.incrementAndGet();
            readBytes.addAndGet(destination.sizeBytes());
            return move(offset, destination, channel::read);
        }

        @Override
        public CompletableFuture<Void> write(long offset, Buffer source) {
            writes.incrementAndGet();
            return move(offset, source, channel::write);
        }

        @Override
        public void close() {
            open.remove(this);
            try {
                channel.close();
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        }

        private CompletableFuture<Void> move(long offset, Buffer buffer, Move move) {
            requireAligned(offset);
            ByteBuffer bytes = ((HostBuffer) buffer).memory().asByteBuffer();
            try {
                while (bytes.hasRemaining()) {
                    if (move.at(bytes, offset + bytes.position()) < 0) {
                        throw new EOFException();
                    }
                }
                return CompletableFuture.completedFuture(null);
            } catch (IOException e) {
                IoFailure.Kind kind = switch (e) {
                    case EOFException _ -> IoFailure.Kind.SHORT;
                    case ClosedChannelException _ -> IoFailure.Kind.CLOSED;
                    default -> IoFailure.Kind.IO;
                };
                return CompletableFuture.failedFuture(new IoFailure(kind, 0, kind + " at " + offset + " of " + file));
            }
        }
    }

    private interface Move {
        int at(ByteBuffer bytes, long offset) throws IOException;
    }
}
