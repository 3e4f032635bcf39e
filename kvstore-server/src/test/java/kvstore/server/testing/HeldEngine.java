package kvstore.server.testing;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongPredicate;
import java.util.function.Supplier;
import kvstore.api.Buffer;
import kvstore.api.EngineFuture;
import kvstore.api.ForwardingEngine;
import kvstore.api.IoEngine;
import kvstore.api.IoFile;

/** A real engine whose reads or writes can be kept from ending, as those of a device that hangs. */
public final class HeldEngine extends ForwardingEngine {
    private final Gate reads = new Gate();
    private final Gate writes = new Gate();

    public HeldEngine(IoEngine engine) {
        super(engine);
    }

    /** Reads, and what holds them. */
    public Gate reads() {
        return reads;
    }

    /** Writes, and what holds them. */
    public Gate writes() {
        return writes;
    }

    /** One direction. Operations of a size that is held wait until {@link #release}. */
    public static final class Gate {
        private final List<Held> held = new ArrayList<>();
        private LongPredicate holds = _ -> false;
        private int asked;

        /** Holds what comes from now on. */
        public void hold() {
            hold(_ -> true);
        }

        /** As {@link #hold()}, for operations of some sizes in bytes. */
        public synchronized void hold(LongPredicate sizes) {
            holds = sizes;
            asked = 0;
        }

        /** How many operations of a size that is held were asked for since {@link #hold}. */
        public synchronized int asked() {
            return asked;
        }

        /** Lets all go on, and holds none any more. */
        public void release() {
            List<Held> released;
            synchronized (this) {
                holds = _ -> false;
                released = List.copyOf(held);
                held.clear();
            }
            released.forEach(Held::run);
        }

        private CompletableFuture<Void> pass(long bytes, Supplier<CompletableFuture<Void>> operation) {
            synchronized (this) {
                if (holds.test(bytes)) {
                    asked++;
                    Held waiting = new Held(operation);
                    held.add(waiting);
                    return waiting;
                }
            }
            return operation.get();
        }
    }

    private static final class Held extends EngineFuture {
        private final Supplier<CompletableFuture<Void>> operation;

        Held(Supplier<CompletableFuture<Void>> operation) {
            this.operation = operation;
        }

        void run() {
            var _ = operation.get().whenComplete((_, failure) -> finish(failure));
        }
    }

    @Override
    protected IoFile wrap(IoFile file) {
        return new HeldFile(file);
    }

    private final class HeldFile implements IoFile {
        private final IoFile file;

        HeldFile(IoFile file) {
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
            return reads.pass(destination.sizeBytes(), () -> file.read(offset, destination));
        }

        @Override
        public CompletableFuture<Void> write(long offset, Buffer source) {
            return writes.pass(source.sizeBytes(), () -> file.write(offset, source));
        }

        @Override
        public void close() {
            file.close();
        }
    }
}
