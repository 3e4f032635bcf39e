package kvstore.gds;

import static java.lang.foreign.ValueLayout.ADDRESS;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicBoolean;

/** A file as libcufile knows it: registered once, given back once, before the descriptor is closed. */
final class CuFileHandle {
    private final CuFile cuFile;
    private final MemorySegment value;
    private final AtomicBoolean ended = new AtomicBoolean();

    private CuFileHandle(CuFile cuFile, MemorySegment value) {
        this.cuFile = cuFile;
        this.value = value;
    }

    /** libcufile would not have the file. */
    record Refused(CuFileStatus status) implements Result {}

    /** It has. */
    record Registered(CuFileHandle handle) implements Result {}

    /** What came of {@link #register}. */
    sealed interface Result {}

    static Result register(CuFile cuFile, int descriptor) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(ADDRESS);
            CuFileStatus status = cuFile.handleRegister(descriptor, out);
            return status.isSuccess()
                    ? new Registered(new CuFileHandle(cuFile, out.get(ADDRESS, 0)))
                    : new Refused(status);
        }
    }

    /** As {@link CuFile#read}. */
    long read(long base, long sizeBytes, long fileOffset, long bufferOffset) {
        return cuFile.read(value, base, sizeBytes, fileOffset, bufferOffset);
    }

    /** As {@link CuFile#write}. */
    long write(long base, long sizeBytes, long fileOffset, long bufferOffset) {
        return cuFile.write(value, base, sizeBytes, fileOffset, bufferOffset);
    }

    /** Nothing is under way with it. Idempotent. */
    void deregister() {
        if (ended.compareAndSet(false, true)) {
            cuFile.handleDeregister(value);
        }
    }
}
