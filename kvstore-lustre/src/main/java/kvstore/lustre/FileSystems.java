package kvstore.lustre;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.invoke.VarHandle;
import java.nio.file.Path;
import kvstore.api.FileSystemFacts;
import kvstore.api.IoFailure;

/** Reads {@code statfs}: the name behind a magic number (Linux {@code include/uapi/linux/magic.h}), blocks as bytes. */
final class FileSystems {
    static final String LUSTRE = "lustre";
    static final String TMPFS = "tmpfs";

    /** {@code struct statfs} of 64-bit Linux, {@code include/uapi/asm-generic/statfs.h}. */
    static final StructLayout STATFS = MemoryLayout.structLayout(
            JAVA_LONG.withName("f_type"),
            JAVA_LONG.withName("f_bsize"),
            JAVA_LONG.withName("f_blocks"),
            JAVA_LONG.withName("f_bfree"),
            JAVA_LONG.withName("f_bavail"),
            JAVA_LONG.withName("f_files"),
            JAVA_LONG.withName("f_ffree"),
            JAVA_LONG.withName("f_fsid"),
            JAVA_LONG.withName("f_namelen"),
            JAVA_LONG.withName("f_frsize"),
            JAVA_LONG.withName("f_flags"),
            MemoryLayout.sequenceLayout(4, JAVA_LONG).withName("f_spare"));

    private static final VarHandle TYPE = STATFS.varHandle(PathElement.groupElement("f_type"));
    private static final VarHandle BLOCKS = STATFS.varHandle(PathElement.groupElement("f_blocks"));
    private static final VarHandle AVAILABLE = STATFS.varHandle(PathElement.groupElement("f_bavail"));
    private static final VarHandle FRAGMENT_BYTES = STATFS.varHandle(PathElement.groupElement("f_frsize"));

    private FileSystems() {}

    /**
     * What {@code directory} lies on.
     *
     * <p>On Lustre, ext4 and XFS with a project quota on the directory, the sizes are those of the quota.
     */
    static FileSystemFacts facts(PosixCalls calls, Path directory) throws IoFailure {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment statfs = arena.allocate(STATFS);
            long result = FileOperations.uninterrupted(() -> calls.statfs(directory, statfs));
            if (result < 0) {
                throw Errno.failure(result, "statfs " + directory);
            }
            // block counts are in units of f_frsize, which the kernel fills in for file systems that have none
            long unit = (long) FRAGMENT_BYTES.get(statfs, 0L);
            return new FileSystemFacts(
                    nameOf((long) TYPE.get(statfs, 0L)),
                    bytes((long) BLOCKS.get(statfs, 0L), unit),
                    bytes((long) AVAILABLE.get(statfs, 0L), unit));
        }
    }

    static String nameOf(long magic) {
        return switch ((int) magic) {
            case 0x0BD00BD0 -> LUSTRE;
            case 0x0000EF53 -> "ext4";
            case 0x58465342 -> "xfs";
            case 0x794C7630 -> "overlay";
            case 0x01021994 -> TMPFS;
            case 0x00006969 -> "nfs";
            case 0x9123683E -> "btrfs";
            case 0x2FC12FC1 -> "zfs";
            case 0x65735546 -> "fuse";
            case 0x01021997 -> "9p";
            case 0x47504653 -> "gpfs";
            case 0x00C36400 -> "ceph";
            default -> "0x%08x".formatted((int) magic);
        };
    }

    /** Network file systems without an end report sizes that do not fit. */
    private static long bytes(long blocks, long blockBytes) {
        return blocks < 0 || Math.multiplyHigh(blocks, blockBytes) != 0 || blocks * blockBytes < 0
                ? Long.MAX_VALUE
                : blocks * blockBytes;
    }
}
