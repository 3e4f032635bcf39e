package kvstore.server;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.LongAdder;
import kvstore.api.Blocks;
import kvstore.api.Buffer;
import kvstore.api.FileSystemFacts;
import kvstore.api.HostBuffer;
import kvstore.api.IoEngine;
import kvstore.api.IoFailure;
import kvstore.api.IoFile;
import kvstore.api.IoPath;
import org.jspecify.annotations.Nullable;

/** The real engine, except where a {@link Plan} wants it to do what broken disks do. */
final class FaultyEngine implements IoEngine {
    enum Call {
        CREATE,
        OPEN,
        READ,
        WRITE
    }

    enum Fault {
        /** EIO; nothing happened. */
        EIO,
        /** ENOSPC; nothing happened. */
        ENOSPC,
        /** A server went away; nothing happened. */
        TRANSIENT,
        /** The file ends inside the extent. */
        SHORT,
        /** A part is written, then EIO. */
        TORN,
        /** All is written, then EIO. */
        LATE_EIO,
        /** Nothing is written, and nobody is told. */
        LOST,
        /** One bit of what is read or written is wrong, and nobody is told. */
        FLIP
    }

    /** Decides what happens to one call; several may ask at once. */
    interface Plan {
        /**
         * The fault of one call.
         *
         * @param bytes how much is read or written; 0 for the other calls
         * @return null for no fault
         */
        @Nullable
        Fault fault(Call call, Path file, long offset, long bytes);
    }

    static final Plan NO_FAULTS = (_, _, _, _) -> null;

    private final IoEngine engine;
    private final LongAdder count = new LongAdder();
    private volatile Plan plan;

    FaultyEngine(IoEngine engine, Plan plan) {
        this.engine = engine;
        this.plan = plan;
    }

    void follow(Plan next) {
        plan = next;
    }

    /** How many faults happened. */
    long count() {
        return count.sum();
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
        refuse(next(Call.CREATE, file, 0, 0));
        return new FaultyFile(engine.create(file, sizeBytes));
    }

    @Override
    public IoFile open(Path file) throws IoFailure {
        refuse(next(Call.OPEN, file, 0, 0));
        return new FaultyFile(engine.open(file));
    }

    @Override
    public FileSystemFacts facts(Path directory) throws IoFailure {
        return engine.facts(directory);
    }

    @Override
    public long allocatedBytes(Path file) throws IoFailure {
        return engine.allocatedBytes(file);
    }

    @Override
    public void close() {
        engine.close();
    }

    private @Nullable Fault next(Call call, Path file, long offset, long bytes) {
        Fault fault = plan.fault(call, file, offset, bytes);
        if (fault != null) {
            count.increment();
        }
        return fault;
    }

    private static void refuse(@Nullable Fault fault) throws IoFailure {
        if (fault != null) {
            throw failure(fault);
        }
    }

    private static IoFailure failure(Fault fault) {
        return switch (fault) {
            case ENOSPC -> new IoFailure(IoFailure.Kind.NO_SPACE, 28, "injected ENOSPC");
            case TRANSIENT -> new IoFailure(IoFailure.Kind.TRANSIENT, 108, "injected ESHUTDOWN");
            case SHORT -> new IoFailure(IoFailure.Kind.SHORT, 0, "injected short read");
            default -> new IoFailure(IoFailure.Kind.IO, 5, "injected EIO (" + fault + ")");
        };
    }

    private static CompletableFuture<Void> failed(Fault fault) {
        return CompletableFuture.failedFuture(failure(fault));
    }

    private static void flip(Buffer buffer) {
        // Inside the header of a record, and inside of short payloads.
        MemorySegment memory = ((HostBuffer) buffer).memory();
        memory.set(ValueLayout.JAVA_BYTE, 40, (byte) (memory.get(ValueLayout.JAVA_BYTE, 40) ^ 0x10));
    }

    private final class FaultyFile implements IoFile {
        private final IoFile inner;

        FaultyFile(IoFile inner) {
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
            return switch (next(Call.READ, file(), offset, destination.sizeBytes())) {
                case null -> inner.read(offset, destination);
                case FLIP, LOST -> inner.read(offset, destination).thenRun(() -> flip(destination));
                case Fault fault -> failed(fault);
            };
        }

        @Override
        public CompletableFuture<Void> write(long offset, Buffer source) {
            return switch (next(Call.WRITE, file(), offset, source.sizeBytes())) {
                case null -> inner.write(offset, source);
                case LOST -> CompletableFuture.completedFuture(null);
                case FLIP -> {
                    // A copy: the caller may compute checksums of its own bytes meanwhile.
                    HostBuffer flipped =
                            new HostBuffer(Arena.ofAuto().allocate(source.sizeBytes(), Blocks.BLOCK_BYTES));
                    flipped.memory().copyFrom(((HostBuffer) source).memory());
                    flip(flipped);
                    yield inner.write(offset, flipped);
                }
                case LATE_EIO -> inner.write(offset, source).thenCompose(_ -> failed(Fault.LATE_EIO));
                case TORN -> tear(offset, (HostBuffer) source).thenCompose(_ -> failed(Fault.TORN));
                case Fault fault -> failed(fault);
            };
        }

        @Override
        public void close() {
            inner.close();
        }

        private CompletableFuture<Void> tear(long offset, HostBuffer source) {
            long blocks = source.sizeBytes() / Blocks.BLOCK_BYTES;
            if (blocks > 1) {
                return inner.write(offset, source.slice(0, blocks / 2 * Blocks.BLOCK_BYTES));
            }
            // Inside one block: the beginning is new, the rest as it was.
            HostBuffer both = new HostBuffer(Arena.ofAuto().allocate(Blocks.BLOCK_BYTES, Blocks.BLOCK_BYTES));
            return inner.read(offset, both).thenCompose(_ -> {
                both.memory().asSlice(0, 50).copyFrom(source.memory().asSlice(0, 50));
                return inner.write(offset, both);
            });
        }
    }
}
