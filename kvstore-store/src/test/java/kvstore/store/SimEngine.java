package kvstore.store;

import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import kvstore.api.Blocks;
import kvstore.api.Buffer;
import kvstore.api.FileSystemFacts;
import kvstore.api.HostBuffer;
import kvstore.api.IoEngine;
import kvstore.api.IoFailure;
import kvstore.api.IoFile;
import kvstore.api.IoPath;

/** An engine on a {@link SimDisk}. An operation is over when its call returns; others have their turn inside of the call. */
final class SimEngine implements IoEngine {
    private final SimDisk disk;

    SimEngine(SimDisk disk) {
        this.disk = disk;
    }

    @Override
    public IoPath path() {
        return IoPath.BUFFERED;
    }

    @Override
    public String reason() {
        return "simulated";
    }

    @Override
    public IoFile create(Path path, long sizeBytes) throws IoFailure {
        requireAligned(sizeBytes);
        Path text = SimFileSystemProvider.text(path);
        SimFile file = disk.create(text);
        boolean allocated = false;
        try {
            disk.allocate(text, file, sizeBytes);
            allocated = true;
        } finally {
            if (!allocated) {
                disk.forget(text);
            }
        }
        return new OpenFile(path, file);
    }

    @Override
    public IoFile open(Path path) throws IoFailure {
        return new OpenFile(path, disk.open(SimFileSystemProvider.text(path)));
    }

    @Override
    public FileSystemFacts facts(Path directory) {
        return new FileSystemFacts("simulated", 1L << 40, Math.max(0, disk.availableBytes));
    }

    @Override
    public void close() {}

    private static void requireAligned(long value) {
        if (value < 0 || !Blocks.isAligned(value)) {
            throw new IllegalArgumentException(value + " is not aligned");
        }
    }

    private interface Operation {
        void run() throws IoFailure;
    }

    private final class OpenFile implements IoFile {
        private final Path path;
        private final SimFile file;
        private final long sizeBytes;
        private boolean closed;

        OpenFile(Path path, SimFile file) {
            this.path = path;
            this.file = file;
            this.sizeBytes = file.sizeBytes();
        }

        @Override
        public Path file() {
            return path;
        }

        @Override
        public long sizeBytes() {
            return sizeBytes;
        }

        @Override
        public CompletableFuture<Void> read(long offset, Buffer destination) {
            requireAligned(offset);
            return run(() ->
                    disk.read(SimFileSystemProvider.text(path), file, offset, ((HostBuffer) destination).memory()));
        }

        @Override
        public CompletableFuture<Void> write(long offset, Buffer source) {
            requireAligned(offset);
            if (offset + source.sizeBytes() > sizeBytes) {
                throw new IllegalArgumentException("a write past the end");
            }
            return run(
                    () -> disk.write(SimFileSystemProvider.text(path), file, offset, ((HostBuffer) source).memory()));
        }

        @Override
        public void close() {
            closed = true;
        }

        private CompletableFuture<Void> run(Operation operation) {
            if (closed) {
                return CompletableFuture.failedFuture(new IoFailure(IoFailure.Kind.CLOSED, 0, path + " is closed"));
            }
            try {
                operation.run();
                return CompletableFuture.completedFuture(null);
            } catch (IoFailure e) {
                return CompletableFuture.failedFuture(e);
            }
        }
    }
}
