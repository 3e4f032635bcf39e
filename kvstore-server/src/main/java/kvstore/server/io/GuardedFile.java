package kvstore.server.io;

import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import kvstore.api.Buffer;
import kvstore.api.IoFile;

/** A file whose reads and writes go through {@link Traffic}. */
final class GuardedFile implements IoFile {
    private final Traffic traffic;
    private final IoFile file;

    GuardedFile(Traffic traffic, IoFile file) {
        this.traffic = traffic;
        this.file = file;
    }

    @Override
    public Path file() {
        return file.file();
    }

    @Override
    public long sizeBytes() {
        return file.sizeBytes();
    }

    @Override
    public CompletableFuture<Void> read(long offset, Buffer destination) {
        return traffic.submit(traffic.reads(), destination.sizeBytes(), () -> file.read(offset, destination));
    }

    @Override
    public CompletableFuture<Void> write(long offset, Buffer source) {
        return traffic.submit(traffic.writes(), source.sizeBytes(), () -> file.write(offset, source));
    }

    @Override
    public void close() {
        file.close();
    }
}
