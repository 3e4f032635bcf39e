package kvstore.lustre;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.nio.file.Path;
import kvstore.api.IoFailure;
import kvstore.lustre.ProjectQuota.Limited;
import kvstore.lustre.ProjectQuota.Unavailable;

/**
 * Reads the project of a directory, and that project's quota: with {@code quotactl_fd(2)}, or on Lustre with a request
 * of its own.
 */
final class ProjectQuotas {
    /** {@code struct fsxattr} of Linux {@code include/uapi/linux/fs.h}. */
    static final StructLayout FSXATTR = MemoryLayout.structLayout(
            JAVA_INT.withName("fsx_xflags"),
            JAVA_INT.withName("fsx_extsize"),
            JAVA_INT.withName("fsx_nextents"),
            JAVA_INT.withName("fsx_projid"),
            JAVA_INT.withName("fsx_cowextsize"),
            MemoryLayout.sequenceLayout(8, JAVA_BYTE).withName("fsx_pad"));

    /** {@code struct if_dqblk} of Linux {@code include/uapi/linux/quota.h}, and {@code struct obd_dqblk} of Lustre. */
    static final StructLayout DQBLK = MemoryLayout.structLayout(
            JAVA_LONG.withName("dqb_bhardlimit"),
            JAVA_LONG.withName("dqb_bsoftlimit"),
            JAVA_LONG.withName("dqb_curspace"),
            JAVA_LONG.withName("dqb_ihardlimit"),
            JAVA_LONG.withName("dqb_isoftlimit"),
            JAVA_LONG.withName("dqb_curinodes"),
            JAVA_LONG.withName("dqb_btime"),
            JAVA_LONG.withName("dqb_itime"),
            JAVA_INT.withName("dqb_valid"),
            MemoryLayout.paddingLayout(4));

    /** {@code struct if_quotactl} of Lustre's {@code lustre_user.h}, the same from 2.14 to 2.17. */
    static final StructLayout IF_QUOTACTL = MemoryLayout.structLayout(
            JAVA_INT.withName("qc_cmd"),
            JAVA_INT.withName("qc_type"),
            JAVA_INT.withName("qc_id"),
            JAVA_INT.withName("qc_stat"),
            JAVA_INT.withName("qc_valid"),
            JAVA_INT.withName("qc_idx"),
            MemoryLayout.sequenceLayout(24, JAVA_BYTE).withName("qc_dqinfo"),
            DQBLK.withName("qc_dqblk"),
            MemoryLayout.sequenceLayout(16, JAVA_BYTE).withName("obd_type"),
            MemoryLayout.sequenceLayout(40, JAVA_BYTE).withName("obd_uuid"));

    /** {@code LUSTRE_Q_GETQUOTA}, which is {@code Q_GETQUOTA}. */
    static final int GET_QUOTA = 0x800007;

    static final int PROJECT_QUOTA = 2;

    /** {@code FS_XFLAG_PROJINHERIT}: new files belong to the project too. */
    static final int INHERIT = 0x200;

    /** Of {@code dqb_valid}: {@code dqb_curspace} is known. */
    static final int SPACE_IS_VALID = 2;

    private static final long LIMIT_UNIT_BYTES = 1024;
    private static final long XFLAGS = offset(FSXATTR, "fsx_xflags");
    private static final long PROJECT = offset(FSXATTR, "fsx_projid");
    private static final long HARD_LIMIT = offset(DQBLK, "dqb_bhardlimit");
    private static final long SOFT_LIMIT = offset(DQBLK, "dqb_bsoftlimit");
    private static final long USED_BYTES = offset(DQBLK, "dqb_curspace");
    private static final long VALID = offset(DQBLK, "dqb_valid");

    private final PosixCalls calls;
    private final FileOperations operations;

    ProjectQuotas(PosixCalls calls) {
        this.calls = calls;
        this.operations = new FileOperations(calls);
    }

    ProjectQuota of(Path directory) {
        try {
            boolean lustre = FileSystems.facts(calls, directory).type().equals(FileSystems.LUSTRE);
            int fd = operations.open(directory, OpenFlags.CLOSE_ON_EXEC, 0);
            ProjectQuota quota;
            try {
                quota = of(fd, lustre, directory);
            } catch (RuntimeException | Error e) {
                operations.closeAfter(fd, directory, e);
                throw e;
            }
            operations.close(fd, directory);
            return quota;
        } catch (IoFailure e) {
            return new Unavailable(String.valueOf(e.getMessage()));
        }
    }

    private ProjectQuota of(int fd, boolean lustre, Path directory) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment attributes = arena.allocate(FSXATTR);
            long answer = FileOperations.uninterrupted(() -> calls.ioctl(fd, Ioctl.FS_IOC_FSGETXATTR, attributes));
            if (answer < 0) {
                return new Unavailable("the project of %s cannot be read: %s (a file system without projects)"
                        .formatted(directory, Errno.nameOf((int) -answer)));
            }
            int project = attributes.get(JAVA_INT, PROJECT);
            if (project == 0) {
                return new Unavailable(directory + " belongs to no project");
            }
            if ((attributes.get(JAVA_INT, XFLAGS) & INHERIT) == 0) {
                return new Unavailable(("%s belongs to project %s, and new files in it do not: set the flag for that"
                                + " (lfs project -s -p, chattr +P, or xfs_quota)")
                        .formatted(directory, Integer.toUnsignedString(project)));
            }
            MemorySegment quota = arena.allocate(DQBLK);
            long refused = lustre
                    ? lustre(fd, project, arena, quota)
                    : FileOperations.uninterrupted(() -> calls.projectQuota(fd, project, quota));
            return refused < 0
                    ? new Unavailable("the quota of project %s of %s cannot be read: %s%s"
                            .formatted(
                                    Integer.toUnsignedString(project),
                                    directory,
                                    Errno.nameOf((int) -refused),
                                    why(refused)))
                    : decode(project, quota, directory);
        }
    }

    private long lustre(int fd, int project, Arena arena, MemorySegment quota) {
        MemorySegment request = arena.allocate(IF_QUOTACTL);
        request.set(JAVA_INT, offset(IF_QUOTACTL, "qc_cmd"), GET_QUOTA);
        request.set(JAVA_INT, offset(IF_QUOTACTL, "qc_type"), PROJECT_QUOTA);
        request.set(JAVA_INT, offset(IF_QUOTACTL, "qc_id"), project);
        // qc_valid stays 0, QC_GENERAL: of the whole file system, not of one server
        long answer = FileOperations.uninterrupted(() -> calls.ioctl(fd, Ioctl.OBD_IOC_QUOTACTL, request));
        MemorySegment.copy(request, offset(IF_QUOTACTL, "qc_dqblk"), quota, 0, DQBLK.byteSize());
        return answer;
    }

    private static ProjectQuota decode(int project, MemorySegment quota, Path directory) {
        String name = "project %s of %s".formatted(Integer.toUnsignedString(project), directory);
        long soft = quota.get(JAVA_LONG, SOFT_LIMIT);
        long limit = soft == 0 ? quota.get(JAVA_LONG, HARD_LIMIT) : soft;
        if (limit <= 0 || limit > Long.MAX_VALUE / LIMIT_UNIT_BYTES) {
            return new Unavailable(name + " has no limit");
        }
        long usedBytes = quota.get(JAVA_LONG, USED_BYTES);
        if ((quota.get(JAVA_INT, VALID) & SPACE_IS_VALID) == 0 || usedBytes < 0) {
            return new Unavailable(name + " has a limit, but what it uses is not known: a server does not answer");
        }
        return new Limited(Integer.toUnsignedLong(project), limit * LIMIT_UNIT_BYTES, usedBytes);
    }

    private static String why(long answer) {
        if (Errno.EPERM.is(answer)) {
            return " (the kernel tells it only to CAP_SYS_ADMIN; statfs of the directory counts with the limit)";
        }
        if (Errno.ESRCH.is(answer) || Errno.EOPNOTSUPP.is(answer)) {
            return " (no quota of projects is kept, or this one has none)";
        }
        return Errno.ENOSYS.is(answer) ? " (no quotas in this kernel, or it is older than 5.14)" : "";
    }

    private static long offset(StructLayout layout, String field) {
        return layout.byteOffset(PathElement.groupElement(field));
    }
}
