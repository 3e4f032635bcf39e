package kvstore.server.testing;

import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CompletableFuture;
import kvstore.api.Buffer;
import kvstore.api.EngineFuture;
import kvstore.api.HostBuffer;
import kvstore.api.IoFailure;
import kvstore.api.IoFile;
import org.jspecify.annotations.Nullable;

/** A file whose operations end when and as the test says, first come first served. */
public final class FakeFile implements IoFile {
    private final Deque<Operation> underWay = new ArrayDeque<>();

    /** One operation that the test has not ended yet. */
    public static final class Operation extends EngineFuture {
        private final boolean reading;
        private final long offset;
        private final Buffer buffer;

        private Operation(boolean reading, long offset, Buffer buffer) {
            this.reading = reading;
            this.offset = offset;
            this.buffer = buffer;
        }

        public boolean reading() {
            return reading;
        }

        public long offset() {
            return offset;
        }

        private void end(@Nullable IoFailure failure) {
            if (failure == null && reading && buffer instanceof HostBuffer host) {
                host.memory().set(ValueLayout.JAVA_LONG, 0, offset);
            }
            finish(failure);
        }
    }

    /** What was asked for and has not ended, oldest first. */
    public synchronized Deque<Operation> underWay() {
        return new ArrayDeque<>(underWay);
    }

    /** Ends the oldest operation well; a read finds its offset in the first eight bytes. */
    public void end() {
        next().end(null);
    }

    /** Fails the oldest operation. */
    public void fail(IoFailure failure) {
        next().end(failure);
    }

    private synchronized Operation next() {
        return underWay.remove();
    }

    private synchronized CompletableFuture<Void> add(Operation operation) {
        underWay.add(operation);
        return operation;
    }

    @Override
    public Path file() {
        return Path.of("fake");
    }

    @Override
    public long sizeBytes() {
        return 1L << 40;
    }

    @Override
    public CompletableFuture<Void> read(long offset, Buffer destination) {
        return add(new Operation(true, offset, destination));
    }

    @Override
    public CompletableFuture<Void> write(long offset, Buffer source) {
        return add(new Operation(false, offset, source));
    }

    @Override
    public void close() {}
}
