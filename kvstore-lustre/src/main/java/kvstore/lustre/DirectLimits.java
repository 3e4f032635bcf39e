package kvstore.lustre;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import kvstore.api.Blocks;
import kvstore.api.IoFailure;
import kvstore.lustre.MountCheck.Verdict;

/**
 * What direct I/O takes and what it refuses. The store's own are multiples of {@link Blocks#BLOCK_BYTES}, which every
 * client takes, so that what is found here tells the kind of client and nothing else.
 */
final class DirectLimits {
    private static final int BLOCK = Blocks.BLOCK_BYTES;

    /** Any, a sector, the page of x86-64, the page of some arm64 kernels. */
    private static final int[] UNITS = {1, 512, 4096, BLOCK};

    private final MountFiles files;
    private final FileOperations operations;

    DirectLimits(MountFiles files) {
        this.files = files;
        this.operations = files.operations();
    }

    MountCheck alignment(String name) throws IoFailure {
        return files.with("aligned", OpenFlags.direct(), (fd, file) -> {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment memory = arena.allocate(4L * BLOCK, BLOCK);
                operations.writeFully(fd, memory.asSlice(0, 2L * BLOCK), 0, file, new IoStats());
                int smallest = smallest(fd, memory);
                if (smallest == 0) {
                    return new MountCheck(
                            name,
                            Verdict.FAILED,
                            "O_DIRECT refuses a write of " + BLOCK + " bytes at that offset",
                            "report it: is the page of this machine larger than 64 KiB?");
                }
                return new MountCheck(
                        name,
                        Verdict.OK,
                        "O_DIRECT takes multiples of %d bytes%s; %s; kvstore uses multiples of %d"
                                .formatted(
                                        smallest,
                                        smallest == 1 ? "" : ", less is refused",
                                        acrossEnd(fd, memory, file.toString()),
                                        BLOCK),
                        "");
            }
        });
    }

    /** The smallest unit that offset, length and memory may have, or 0 if it is larger than a block. */
    private int smallest(int fd, MemorySegment memory) {
        for (int unit : UNITS) {
            MemorySegment part = memory.asSlice(unit, unit);
            if (FileOperations.uninterrupted(() -> files.calls().pwrite(fd, part, unit)) == unit) {
                return unit;
            }
        }
        return 0;
    }

    private String acrossEnd(int fd, MemorySegment memory, String file) throws IoFailure {
        long endBytes = BLOCK + 512L;
        long cut = FileOperations.uninterrupted(() -> files.calls().ftruncate(fd, endBytes));
        if (cut < 0) {
            throw Errno.failure(cut, "ftruncate " + file);
        }
        long read = FileOperations.uninterrupted(() -> files.calls().pread(fd, memory.asSlice(0, 2L * BLOCK), 0));
        String found = read < 0 ? "is refused (" + Errno.nameOf((int) -read) + ")" : "gives " + read + " bytes";
        return "a read across an end at " + endBytes + " " + found;
    }
}
