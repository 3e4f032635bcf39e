package kvstore.store;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import kvstore.api.Buffer;
import kvstore.api.FileSystemFacts;
import kvstore.api.HostBuffer;
import kvstore.api.IoEngine;
import kvstore.api.IoFailure;
import kvstore.api.IoFile;
import kvstore.api.IoPath;

/** One file in memory, and the engine that opens it. */
record MemoryFile(Path file, MemorySegment bytes) implements IoFile, IoEngine {
    @Override
    public IoPath path() {
        return IoPath.BUFFERED;
    }

    @Override
    public String reason() {
        return "test";
    }

    @Override
    public IoFile create(Path other, long sizeBytes) throws IoFailure {
        throw new IoFailure(IoFailure.Kind.DENIED, 0, "create " + other);
    }

    @Override
    public IoFile open(Path any) {
        return this;
    }

    @Override
    public FileSystemFacts facts(Path directory) {
        return new FileSystemFacts("test", bytes.byteSize(), 0);
    }

    @Override
    public long allocatedBytes(Path any) {
        return bytes.byteSize();
    }

    @Override
    public long sizeBytes() {
        return bytes.byteSize();
    }

    @Override
    public CompletableFuture<Void> read(long offset, Buffer destination) {
        if (offset + destination.sizeBytes() > bytes.byteSize()) {
            return CompletableFuture.failedFuture(new IoFailure(IoFailure.Kind.SHORT, 0, "read at " + offset));
        }
        MemorySegment.copy(bytes, offset, ((HostBuffer) destination).memory(), 0, destination.sizeBytes());
        return CompletableFuture.completedFuture(null);
    }

    @Override
    public CompletableFuture<Void> write(long offset, Buffer source) {
        if (offset + source.sizeBytes() > bytes.byteSize()) {
            throw new IllegalArgumentException("a write past the end, at " + offset);
        }
        MemorySegment.copy(((HostBuffer) source).memory(), 0, bytes, offset, source.sizeBytes());
        return CompletableFuture.completedFuture(null);
    }

    @Override
    public void close() {}
}
