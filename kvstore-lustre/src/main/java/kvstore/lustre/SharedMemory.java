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
 * <p>The kernel reads and writes the mapping (direct I/O), and says EFAULT where the client has shrunk the file. The CPU
 * must not touch a mapping that can shrink: that is a SIGBUS, which ends the Java runtime. So bytes are copied through the
 * descriptor, which only comes up short; unless the file is sealed against shrinking.
 */
public final class SharedMemory implements Region {
    /** Through which unsealed memory is read: small enough to stay in a core's second-level cache. */
    private static final int WINDOW_BYTES = 4 * Blocks.BLOCK_BYTES;

    /** {@code F_SEAL_SHRINK} of Linux {@code include/uapi/linux/fcntl.h}. */
    private static final int SEAL_SHRINK = 2;

    private static final ThreadLocal<MemorySegment> WINDOW =
            ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(WINDOW_BYTES, Blocks.BLOCK_BYTES));

    private final int fd;
    private final Arena arena;
    private final MemorySegment memory;
    private final boolean sealed;

    private SharedMemory(int fd, Arena arena, MemorySegment memory, boolean sealed) {
        this.fd = fd;
        this.arena = arena;
        this.memory = memory;
        this.sealed = sealed;
    }

    /**
     * Maps a memory file from its beginning to its end.
     *
     * @param fd open for reading and writing; belongs to the result, or is closed if there is none
     * @throws IoFailure {@code DENIED} with the reason if it is not such a file
     */
    public static SharedMemory map(int fd) throws IoFailure {
        SharedMemory mapped = null;
        try {
            mapped = mapOpen(fd);
            return mapped;
        } finally {
            if (mapped == null) {
                int _ = Libc.INSTANCE.close(fd);
            }
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
                fd,
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
        copy(true, offset, destination);
    }

    @Override
    public void write(long offset, MemorySegment source) throws IoFailure {
        copy(false, offset, source);
    }

    private void copy(boolean reading, long offset, MemorySegment host) throws IoFailure {
        Objects.checkFromIndexSize(offset, host.byteSize(), memory.byteSize());
        for (long done = 0; done < host.byteSize(); ) {
            MemorySegment rest = host.asSlice(done);
            long at = offset + done;
            long count = FileOperations.uninterrupted(
                    () -> reading ? Libc.INSTANCE.pread(fd, rest, at) : Libc.INSTANCE.pwrite(fd, rest, at));
            if (count <= 0) {
                throw new IoFailure(
                        Kind.MEMORY_GONE,
                        (int) -count,
                        "shared memory ends at or before byte %d of %d%s"
                                .formatted(at, memory.byteSize(), count == 0 ? "" : ": " + Errno.nameOf((int) -count)));
            }
            done += count;
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
            int _ = Libc.INSTANCE.close(fd);
        }
    }

    private static IoFailure refused(String why) {
        return new IoFailure(Kind.DENIED, 0, "this memory cannot be shared: " + why);
    }
}
