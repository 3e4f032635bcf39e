package kvstore.store;

import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import kvstore.api.Buffer;
import kvstore.api.FileSystemFacts;
import kvstore.api.IoEngine;
import kvstore.api.IoFailure;
import kvstore.api.IoFile;
import kvstore.api.IoPath;
import org.jspecify.annotations.Nullable;

/** Lets another engine work and tells how that went, also of what callers write themselves to the files handed out. */
final class WatchedEngine implements IoEngine {
    /** Hears of every operation on a file that has ended. Must return at once: it runs on the engine's threads. */
    interface Watcher {
        /**
         * A write ended.
         *
         * @param failure null if it went well
         */
        void wrote(@Nullable IoFailure failure);

        /** A read failed. */
        void readFailed(IoFailure failure);
    }

    private final IoEngine engine;
    private final Watcher watcher;

    WatchedEngine(IoEngine engine, Watcher watcher) {
        this.engine = engine;
        this.watcher = watcher;
    }

    @Override
    public IoPath path() {
        return engine.path();
    }

    @Override
    public String reason() {
        return engine.reason();
    }

    @Override
    public IoFile create(Path file, long sizeBytes) throws IoFailure {
        return new WatchedFile(engine.create(file, sizeBytes));
    }

    @Override
    public IoFile open(Path file) throws IoFailure {
        return new WatchedFile(engine.open(file));
    }

    @Override
    public FileSystemFacts facts(Path directory) throws IoFailure {
        return engine.facts(directory);
    }

    @Override
    public long allocatedBytes(Path file) throws IoFailure {
        return engine.allocatedBytes(file);
    }

    /** Without effect: the engine is its owner's to close. */
    @Override
    public void close() {}

    private static @Nullable IoFailure failure(@Nullable Throwable thrown) {
        Throwable cause = thrown instanceof CompletionException ? thrown.getCause() : thrown;
        return cause instanceof IoFailure failure ? failure : null;
    }

    private final class WatchedFile implements IoFile {
        private final IoFile inner;

        WatchedFile(IoFile inner) {
            this.inner = inner;
        }

        @Override
        public Path file() {
            return inner.file();
        }

        @Override
        public long sizeBytes() {
            return inner.sizeBytes();
        }

        @Override
        public CompletableFuture<Void> read(long offset, Buffer destination) {
            CompletableFuture<Void> read = inner.read(offset, destination);
            CompletableFuture<Void> _ = read.whenComplete((_, thrown) -> {
                IoFailure failure = failure(thrown);
                if (failure != null) {
                    watcher.readFailed(failure);
                }
            });
            return read;
        }

        @Override
        public CompletableFuture<Void> write(long offset, Buffer source) {
            CompletableFuture<Void> write = inner.write(offset, source);
            // What is handed out is the engine's own: it must not be completed by anybody else.
            CompletableFuture<Void> _ = write.whenComplete((_, thrown) -> watcher.wrote(failure(thrown)));
            return write;
        }

        @Override
        public void close() {
            inner.close();
        }
    }
}
