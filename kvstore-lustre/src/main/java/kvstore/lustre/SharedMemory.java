package kvstore.lustre;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Objects;
import kvstore.api.BlockChecksums;
import kvstore.api.Blocks;
import kvstore.api.FileSystemFacts;
import kvstore.api.HostBuffer;
import kvstore.api.IoFailure;
import kvstore.api.IoFailure.Kind;
import kvstore.api.Region;

/**
 * A client's memory file, mapped.
 *
 * <p>The kernel reads and writes the mapping (direct I/O), and says EFAULT where the client has shrunk the file. For the CPU
 * such a place is a SIGBUS, which ends the process in any code but one: copies by {@link MemorySegment#copy}, where HotSpot
 * catches it and throws an {@link InternalError} from the copy (its own test is {@code runtime/Unsafe/InternalErrorTest}). So
 * nothing but that ever touches a mapping that can shrink; {@code SharedMemoryTest} cuts one off thousands of times. A file
 * that is sealed against shrinking is read where it is.
 */
public final class SharedMemory implements Region {
    /** Through which memory that can shrink is read: small enough to stay in a core's second-level cache. */
    private static final int WINDOW_BYTES = 4 * Blocks.BLOCK_BYTES;

    /** {@code F_SEAL_SHRINK} of Linux {@code include/uapi/linux/fcntl.h}. */
    private static final int SEAL_SHRINK = 2;

    private static final ThreadLocal<MemorySegment> WINDOW =
            ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(WINDOW_BYTES, Blocks.BLOCK_BYTES));

    private final Arena arena;
    private final MemorySegment memory;
    private final boolean sealed;

    private SharedMemory(Arena arena, MemorySegment memory, boolean sealed) {
        this.arena = arena;
        this.memory = memory;
        this.sealed = sealed;
    }

    /**
     * Maps a memory file from its beginning to its end.
     *
     * @param fd open for reading and writing; is closed in any case, because the mapping keeps the memory
     * @throws IoFailure {@code DENIED} with the reason if it is not such a file
     */
    public static SharedMemory map(int fd) throws IoFailure {
        try {
            return mapOpen(fd);
        } finally {
            int _ = Libc.INSTANCE.close(fd);
        }
    }

    @SuppressWarnings("MustBeClosedChecker") // the arena is closed by close()
    private static SharedMemory mapOpen(int fd) throws IoFailure {
        // through the link, so that no second form of the call is needed
        FileSystemFacts facts = FileSystems.facts(Libc.INSTANCE, Path.of("/proc/self/fd/" + fd));
        if (!facts.type().equals(FileSystems.TMPFS)) {
            throw refused("it is a file of " + facts.type() + ", not of shared memory (shm_open or memfd_create)");
        }
        long sizeBytes = Libc.INSTANCE.size(fd);
        if (sizeBytes <= 0) {
            throw refused(sizeBytes == 0 ? "it is empty" : "it has no size: " + Errno.nameOf((int) -sizeBytes));
        }
        long address = Libc.INSTANCE.mapShared(fd, sizeBytes);
        if (address < 0) {
            throw refused("%d bytes cannot be mapped for reading and writing: %s"
                    .formatted(sizeBytes, Errno.nameOf((int) -address)));
        }
        int advised = Libc.INSTANCE.madvise(address, sizeBytes, Libc.MADV_DONTDUMP);
        int seals = Libc.INSTANCE.seals(fd);
        Arena arena = Arena.ofShared();
        return new SharedMemory(
                arena,
                NativeMemory.owned(address, sizeBytes, arena),
                advised >= 0 && seals >= 0 && (seals & SEAL_SHRINK) != 0);
    }

    @Override
    public long sizeBytes() {
        return memory.byteSize();
    }

    /** Whether the client can no longer shrink it. */
    public boolean sealed() {
        return sealed;
    }

    @Override
    public boolean isAligned(long offset) {
        return Blocks.isMemoryAligned(memory.address() + offset);
    }

    @Override
    public HostBuffer buffer(long offset, long sizeBytes) {
        return new HostBuffer(memory.asSlice(offset, sizeBytes));
    }

    @Override
    public void read(long offset, MemorySegment destination) throws IoFailure {
        copy(memory.asSlice(offset, destination.byteSize()), destination);
    }

    @Override
    public void write(long offset, MemorySegment source) throws IoFailure {
        copy(source, memory.asSlice(offset, source.byteSize()));
    }

    /** The only way in which the CPU touches memory that can shrink. */
    private void copy(MemorySegment source, MemorySegment destination) throws IoFailure {
        try {
            MemorySegment.copy(source, 0, destination, 0, source.byteSize());
            // The error may be left to the thread's next safepoint poll. The return from a native method is one, so
            // that it
            // is thrown here and not at some other client's chunk.
            boolean _ = Thread.holdsLock(memory);
        } catch (InternalError e) {
            throw new IoFailure(
                    Kind.MEMORY_GONE,
                    0,
                    "shared memory of %d bytes has lost a part: %s".formatted(memory.byteSize(), e.getMessage()));
        }
    }

    @Override
    public BlockChecksums checksums(long offset, long lengthBytes) throws IoFailure {
        Objects.checkFromIndexSize(offset, lengthBytes, memory.byteSize());
        BlockChecksums.Accumulator sums = new BlockChecksums.Accumulator(lengthBytes);
        if (sealed) {
            sums.update(memory.asSlice(offset, lengthBytes));
            return sums.finish();
        }
        MemorySegment window = WINDOW.get();
        for (long done = 0; done < lengthBytes; done += WINDOW_BYTES) {
            MemorySegment piece = window.asSlice(0, Math.min(WINDOW_BYTES, lengthBytes - done));
            read(offset + done, piece);
            sums.update(piece);
        }
        return sums.finish();
    }

    @Override
    public void close() {
        if (arena.scope().isAlive()) {
            arena.close();
        }
    }

    private static IoFailure refused(String why) {
        return new IoFailure(Kind.DENIED, 0, "this memory cannot be shared: " + why);
    }
}
