package kvstore.store;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import kvstore.api.Blocks;
import kvstore.api.Buffer;
import kvstore.api.FileSystemFacts;
import kvstore.api.HostBuffer;
import kvstore.api.IoEngine;
import kvstore.api.IoFailure;
import kvstore.api.IoFile;
import kvstore.api.IoPath;
import org.jspecify.annotations.Nullable;

/** Lets another engine work, except where told to do what broken disks do. */
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
        /** EDQUOT: the same, for a quota. */
        EDQUOT,
        /** A server went away; nothing happened. */
        TRANSIENT,
        /** The extent ends early. */
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

    /** Decides what happens to one call. Calls are numbered from 0. */
    interface Plan {
        @Nullable
        Fault fault(Call call, int number);
    }

    static final Plan NO_FAULTS = (_, _) -> null;

    private final IoEngine engine;
    private final AtomicInteger calls = new AtomicInteger();
    private final AtomicInteger faults = new AtomicInteger();
    private volatile Plan plan = NO_FAULTS;
    private volatile Path scope = Path.of("/");

    FaultyEngine(IoEngine engine) {
        this.engine = engine;
    }

    /** Only what lies here fails from now on. */
    void under(Path directory) {
        scope = directory;
    }

    /** From now on, counting calls from 0 again. */
    void follow(Plan next) {
        plan = next;
        calls.set(0);
    }

    int calls() {
        return calls.get();
    }

    int faults() {
        return faults.get();
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
        throwIfRefused(Call.CREATE, file);
        return new FaultyFile(engine.create(file, sizeBytes));
    }

    @Override
    public IoFile open(Path file) throws IoFailure {
        throwIfRefused(Call.OPEN, file);
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

    private @Nullable Fault next(Call call, Path file) {
        if (!file.startsWith(scope)) {
            return null;
        }
        Fault fault = plan.fault(call, calls.getAndIncrement());
        if (fault != null) {
            faults.incrementAndGet();
        }
        return fault;
    }

    private void throwIfRefused(Call call, Path file) throws IoFailure {
        Fault fault = next(call, file);
        if (fault != null && fault != Fault.LOST && fault != Fault.FLIP) {
            throw failure(fault);
        }
    }

    private static IoFailure failure(Fault fault) {
        return switch (fault) {
            case ENOSPC -> new IoFailure(IoFailure.Kind.NO_SPACE, 28, "injected ENOSPC");
            case EDQUOT -> new IoFailure(IoFailure.Kind.NO_SPACE, 122, "injected EDQUOT");
            case TRANSIENT -> new IoFailure(IoFailure.Kind.TRANSIENT, 108, "injected ESHUTDOWN");
            case SHORT -> new IoFailure(IoFailure.Kind.SHORT, 0, "injected short read");
            default -> new IoFailure(IoFailure.Kind.IO, 5, "injected EIO (" + fault + ")");
        };
    }

    private static void flip(Buffer buffer) {
        // Near the start, where headers and short payloads are.
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
            Fault fault = next(Call.READ, inner.file());
            if (fault == null) {
                return inner.read(offset, destination);
            }
            if (fault == Fault.FLIP || fault == Fault.LOST) {
                inner.read(offset, destination).join();
                flip(destination);
                return CompletableFuture.completedFuture(null);
            }
            return CompletableFuture.failedFuture(failure(fault));
        }

        @Override
        public CompletableFuture<Void> write(long offset, Buffer source) {
            Fault fault = next(Call.WRITE, inner.file());
            if (fault == null) {
                return inner.write(offset, source);
            }
            switch (fault) {
                case LOST -> {
                    return CompletableFuture.completedFuture(null);
                }
                case FLIP -> {
                    flip(source);
                    return inner.write(offset, source);
                }
                case LATE_EIO -> inner.write(offset, source).join();
                case TORN -> tear(offset, (HostBuffer) source);
                default -> {}
            }
            return CompletableFuture.failedFuture(failure(fault));
        }

        @Override
        public void close() {
            inner.close();
        }

        private void tear(long offset, HostBuffer source) {
            long blocks = source.sizeBytes() / Blocks.BLOCK_BYTES;
            if (blocks > 1) {
                inner.write(offset, source.slice(0, blocks / 2 * Blocks.BLOCK_BYTES))
                        .join();
            } else {
                // Inside one block: the first half is new, the rest as it was.
                try (Arena arena = Arena.ofConfined()) {
                    HostBuffer both = new HostBuffer(arena.allocate(Blocks.BLOCK_BYTES, Blocks.BLOCK_BYTES));
                    inner.read(offset, both).join();
                    both.memory().asSlice(0, 50).copyFrom(source.memory().asSlice(0, 50));
                    inner.write(offset, both).join();
                }
            }
        }
    }
}
