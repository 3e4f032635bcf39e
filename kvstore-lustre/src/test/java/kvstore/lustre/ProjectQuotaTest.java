package kvstore.lustre;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.HexFormat;
import kvstore.lustre.ProjectQuota.Limited;
import kvstore.lustre.ProjectQuota.Unavailable;
import kvstore.testkit.TestDirectory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class ProjectQuotaTest {
    private static final int PROJECT = 0xFFFF_FFF0;
    private static final long KIB = 1024;

    private final TestDirectory directory = TestDirectory.under(TestDirectory.BUILD);

    @AfterEach
    void nothingIsLeftOpen() {
        assertThat(directory.openDescriptors()).isEmpty();
        directory.close();
    }

    /** A file system with projects and their quota, as Linux and Lustre answer. */
    private static class Projects extends ForwardingCalls {
        private final boolean lustre;
        int project = PROJECT;
        int flags = ProjectQuotas.INHERIT;
        int answer;
        long hardLimitKib;
        long softLimitKib;
        long usedBytes;
        int valid = 0x3F;

        /** The request of the last question to Lustre. */
        byte[] asked = {};

        Projects(boolean lustre) {
            super(Libc.INSTANCE);
            this.lustre = lustre;
        }

        @Override
        public int statfs(Path file, MemorySegment result) {
            int answered = super.statfs(file, result);
            result.set(JAVA_LONG, 0, lustre ? 0x0BD00BD0L : 0xEF53L);
            return answered;
        }

        @Override
        public int ioctl(int fd, long request, MemorySegment argument) {
            if (request == Ioctl.FS_IOC_FSGETXATTR) {
                argument.set(JAVA_INT, 0, flags);
                argument.set(JAVA_INT, 12, project);
                return 0;
            }
            assertThat(request).isEqualTo(0xC0B066A2L);
            assertThat(lustre).isTrue();
            asked = argument.toArray(ValueLayout.JAVA_BYTE);
            fill(argument.asSlice(48));
            return answer;
        }

        @Override
        public int projectQuota(int fd, int asksFor, MemorySegment result) {
            assertThat(lustre).isFalse();
            assertThat(asksFor).isEqualTo(project);
            fill(result);
            return answer;
        }

        private void fill(MemorySegment dqblk) {
            dqblk.set(JAVA_LONG, 0, hardLimitKib);
            dqblk.set(JAVA_LONG, 8, softLimitKib);
            dqblk.set(JAVA_LONG, 16, usedBytes);
            dqblk.set(JAVA_INT, 64, valid);
        }
    }

    private ProjectQuota quota(PosixCalls calls) {
        return new ProjectQuotas(calls).of(directory.path());
    }

    private String reason(PosixCalls calls) {
        return quota(calls) instanceof Unavailable(String reason) ? reason : "it is there";
    }

    /** Sizes as a C compiler lays the structures out; the last is part of the request's number. */
    @Test
    void theStructuresAreThoseOfTheKernelAndOfLustre() {
        assertThat(ProjectQuotas.FSXATTR.byteSize()).isEqualTo(28);
        assertThat(ProjectQuotas.DQBLK.byteSize()).isEqualTo(72);
        assertThat(ProjectQuotas.IF_QUOTACTL.byteSize()).isEqualTo(176);
        assertThat(Ioctl.OBD_IOC_QUOTACTL).isEqualTo(3L << 30 | 176L << 16 | 'f' << 8 | 162);
        assertThat(Ioctl.FS_IOC_FSGETXATTR).isEqualTo(2L << 30 | 28L << 16 | 'X' << 8 | 31);
    }

    @Test
    void theSoftLimitCountsAndTheHardOneWhereThereIsNone() {
        for (boolean lustre : new boolean[] {false, true}) {
            Projects projects = new Projects(lustre);
            projects.hardLimitKib = 2048;
            projects.usedBytes = 70_000;
            Limited hard = new Limited(0xFFFF_FFF0L, 2048 * KIB, 70_000);
            assertThat(quota(projects)).isEqualTo(hard);
            assertThat(hard.availableBytes()).isEqualTo(2048 * KIB - 70_000);
            projects.softLimitKib = 60;
            assertThat(quota(projects)).isEqualTo(new Limited(0xFFFF_FFF0L, 60 * KIB, 70_000));
            assertThat(((Limited) quota(projects)).availableBytes()).isZero();
        }
    }

    @Test
    void lustreIsAskedForTheWholeFileSystem() {
        Projects lustre = new Projects(true);
        lustre.hardLimitKib = 1;
        quota(lustre);
        assertThat(HexFormat.of().formatHex(lustre.asked))
                .isEqualTo("07008000" + "02000000" + "f0ffffff" + "00".repeat(164));
    }

    @Test
    void whatIsMissingIsAReason() {
        Projects projects = new Projects(false);
        assertThat(reason(projects)).contains("project 4294967280", "has no limit");
        projects.hardLimitKib = -1; // no limit, in the words of some file systems
        assertThat(reason(projects)).contains("has no limit");
        projects.hardLimitKib = 1;
        projects.valid = 1;
        assertThat(reason(projects)).contains("not known");
        projects.answer = -Errno.EPERM.number();
        assertThat(reason(projects)).contains("EPERM", "CAP_SYS_ADMIN");
        projects.answer = -Errno.ESRCH.number();
        assertThat(reason(projects)).contains("ESRCH", "no quota of projects");
        projects.flags = 0;
        assertThat(reason(projects)).contains("new files in it do not");
        projects.project = 0;
        assertThat(reason(projects)).contains("belongs to no project");
    }

    @Test
    void theseMachinesFileSystemsAnswer() {
        assertThat(ProjectQuota.of(directory.path())).isNotNull();
        assertThat(ProjectQuota.of(directory.path().resolve("missing")))
                .isInstanceOfSatisfying(
                        Unavailable.class,
                        missing -> assertThat(missing.reason()).contains("ENOENT"));
    }

    /** Whatever it says, it came from the kernel: no such call, no quota there, or no right to see it. */
    @Test
    void theKernelKnowsTheCall() {
        int fd = Libc.INSTANCE.open(directory.path(), OpenFlags.CLOSE_ON_EXEC, 0);
        try (Arena arena = Arena.ofConfined()) {
            int answer = Libc.INSTANCE.projectQuota(fd, 1, arena.allocate(ProjectQuotas.DQBLK));
            assertThat(-answer).isIn(0, Errno.ENOSYS.number(), Errno.ESRCH.number(), Errno.EPERM.number());
        }
        assertThat(Libc.INSTANCE.close(fd)).isZero();
        assertThat(Libc.INSTANCE.projectQuota(fd, 1, MemorySegment.NULL))
                .isIn(-Errno.EBADF.number(), -Errno.ENOSYS.number());
    }
}
