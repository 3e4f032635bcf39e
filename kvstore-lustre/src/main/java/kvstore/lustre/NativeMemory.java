package kvstore.lustre;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import kvstore.api.Blocks;

/**
 * The memory that payload is read into and written from: one private anonymous mapping, in huge pages where the kernel
 * gives them, touched at the start so that no request pays for a page fault and too large a budget fails at once.
 *
 * <p>Mapped by hand because the runtime's own allocation is aligned to less, and zeroes on one thread.
 */
public final class NativeMemory implements AutoCloseable {
    /** The alignment of the first byte: a huge page of x86-64, and of arm64 with pages of 4 KiB. */
    public static final long ALIGNMENT_BYTES = 2L << 20;

    /** The smallest page of any supported machine; touching a larger page twice costs nothing. */
    private static final long PAGE_BYTES = 4096;

    /** Faulting pages in is bound by memory bandwidth, which a few cores fill. */
    private static final int TOUCH_THREADS_MAX = 8;

    private final Arena arena;
    private final MemorySegment segment;
    private final boolean hugePages;

    private NativeMemory(Arena arena, MemorySegment segment, boolean hugePages) {
        this.arena = arena;
        this.segment = segment;
        this.hugePages = hugePages;
    }

    /**
     * Maps and touches memory. It is zero.
     *
     * @param sizeBytes a positive multiple of {@link Blocks#BLOCK_BYTES}
     * @throws IllegalStateException if the kernel has not as much, or the Java runtime denies native calls
     */
    @SuppressWarnings("MustBeClosedChecker") // the arena is closed by close()
    public static NativeMemory map(long sizeBytes) {
        if (sizeBytes <= 0 || !Blocks.isAligned(sizeBytes)) {
            throw new IllegalArgumentException(
                    "size " + sizeBytes + " is not a positive multiple of " + Blocks.BLOCK_BYTES);
        }
        NativeAccess.require();
        long address = mapAligned(sizeBytes);
        // direct I/O into private memory while the process forks may hit the child's copy of a page: open(2), NOTES
        advise(address, sizeBytes, Libc.MADV_DONTFORK);
        // users' prompts have no place in a core dump, nor has the whole memory of a node
        advise(address, sizeBytes, Libc.MADV_DONTDUMP);
        boolean hugePages = advise(address, sizeBytes, Libc.MADV_HUGEPAGE);
        Arena arena = Arena.ofShared();
        MemorySegment segment = owned(address, sizeBytes, arena);
        touch(segment);
        return new NativeMemory(arena, segment, hugePages);
    }

    /** The memory. Usable by all threads until {@link #close()}. */
    public MemorySegment segment() {
        return segment;
    }

    /** Whether the kernel accepted the wish for huge pages. What it gave is in {@code /proc/self/smaps}. */
    public boolean hugePages() {
        return hugePages;
    }

    /**
     * Gives the memory back to the kernel.
     *
     * @throws IllegalStateException if a read or write into it is under way, and then it stays; or if it is closed
     *     already
     */
    @Override
    public void close() {
        arena.close();
    }

    /** Maps more than is wanted and gives back what lies before and behind the aligned part. */
    private static long mapAligned(long sizeBytes) {
        long mappedBytes = Math.addExact(sizeBytes, ALIGNMENT_BYTES);
        long mapped = Libc.INSTANCE.mapAnonymous(mappedBytes);
        if (mapped < 0) {
            throw new IllegalStateException(
                    ("cannot map %d bytes of memory: %s; lower the memory budget, or raise the limit of the service"
                                    + " (LimitAS, vm.overcommit_memory)")
                            .formatted(sizeBytes, Errno.nameOf((int) -mapped)));
        }
        long address = (mapped + ALIGNMENT_BYTES - 1) / ALIGNMENT_BYTES * ALIGNMENT_BYTES;
        long behind = mapped + mappedBytes - (address + sizeBytes);
        unmap(mapped, address - mapped);
        unmap(address + sizeBytes, behind);
        return address;
    }

    private static boolean advise(long address, long sizeBytes, int advice) {
        return Libc.INSTANCE.madvise(address, sizeBytes, advice) == 0;
    }

    @SuppressWarnings("restricted")
    static MemorySegment owned(long address, long sizeBytes, Arena arena) {
        return MemorySegment.ofAddress(address)
                .reinterpret(sizeBytes, arena, memory -> unmap(memory.address(), memory.byteSize()));
    }

    private static void unmap(long address, long sizeBytes) {
        if (sizeBytes == 0) {
            return;
        }
        int result = Libc.INSTANCE.munmap(address, sizeBytes);
        if (result < 0) {
            throw new AssertionError(
                    "munmap of %d bytes at 0x%x: %s".formatted(sizeBytes, address, Errno.nameOf(-result)));
        }
    }

    private static void touch(MemorySegment memory) {
        int threadCount = Math.clamp(Runtime.getRuntime().availableProcessors(), 1, TOUCH_THREADS_MAX);
        long hugePages = (memory.byteSize() + ALIGNMENT_BYTES - 1) / ALIGNMENT_BYTES;
        long shareBytes = (hugePages + threadCount - 1) / threadCount * ALIGNMENT_BYTES;
        List<Thread> threads = new ArrayList<>();
        for (long start = 0; start < memory.byteSize(); start += shareBytes) {
            MemorySegment share = memory.asSlice(start, Math.min(shareBytes, memory.byteSize() - start));
            threads.add(
                    Thread.ofPlatform().name("kvstore-touch-" + threads.size()).start(() -> touchPages(share)));
        }
        threads.forEach(NativeMemory::joinUninterruptibly);
    }

    private static void touchPages(MemorySegment memory) {
        for (long offset = 0; offset < memory.byteSize(); offset += PAGE_BYTES) {
            memory.set(ValueLayout.JAVA_BYTE, offset, (byte) 0);
        }
    }

    private static void joinUninterruptibly(Thread thread) {
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException _) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
