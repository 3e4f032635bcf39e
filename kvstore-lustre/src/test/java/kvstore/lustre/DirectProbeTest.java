package kvstore.lustre;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import kvstore.api.IoFailure;
import kvstore.api.IoFailure.Kind;
import kvstore.api.IoPath;
import kvstore.lustre.EngineConfig.DirectMode;
import kvstore.testkit.TestDirectory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class DirectProbeTest {
    private final TestDirectory directory = TestDirectory.under(TestDirectory.BUILD);

    /** Opens with O_DIRECT, as every file system does that forwards the flag, and refuses the transfers. */
    private static class RefusesDirectTransfers extends ForwardingCalls {
        private int directFd = -1;

        RefusesDirectTransfers() {
            super(Libc.INSTANCE);
        }

        @Override
        public int open(Path file, int flags, int mode) {
            int fd = super.open(file, flags & ~OpenFlags.direct(), mode);
            directFd = (flags & OpenFlags.direct()) != 0 ? fd : -1;
            return fd;
        }

        @Override
        public long pwrite(int fd, MemorySegment source, long offset) {
            return fd == directFd ? -Errno.EINVAL.number() : super.pwrite(fd, source, offset);
        }
    }

    @AfterEach
    void nothingIsLeft() {
        var open = directory.openDescriptors();
        var files = directory.files();
        directory.close();
        assertThat(open).isEmpty();
        assertThat(files).isEmpty();
    }

    @Test
    void whatOpensAndRefusesTheWriteIsBuffered() throws Exception {
        DirectProbe.Result result = probe(new RefusesDirectTransfers(), DirectMode.AUTO);
        assertThat(result.path()).isEqualTo(IoPath.BUFFERED);
        assertThat(result.reason())
                .startsWith("O_DIRECT is refused (pwrite " + directory.path())
                .contains("EINVAL", "page cache and fdatasync");
    }

    @Test
    void whatRefusesToOpenIsBuffered() throws Exception {
        PosixCalls calls = new ForwardingCalls(Libc.INSTANCE) {
            @Override
            public int open(Path file, int flags, int mode) {
                int fd = super.open(file, flags & ~OpenFlags.direct(), mode);
                if ((flags & OpenFlags.direct()) == 0) {
                    return fd;
                }
                super.close(fd); // the file is made before the flag is checked
                return -Errno.EINVAL.number();
            }
        };
        DirectProbe.Result result = probe(calls, DirectMode.AUTO);
        assertThat(result.path()).isEqualTo(IoPath.BUFFERED);
        assertThat(result.reason()).startsWith("O_DIRECT is refused (open " + directory.path());
    }

    @Test
    void whatIsRequiredAndRefusedEndsTheStartWithTheCure() {
        assertThatThrownBy(() -> probe(new RefusesDirectTransfers(), DirectMode.REQUIRE))
                .isInstanceOf(IoFailure.class)
                .hasMessageContaining("direct I/O is required")
                .hasMessageContaining("use a directory on lustre, ext4 or xfs, or set direct to auto");
    }

    @Test
    void offIsBufferedWhereDirectWouldWork() throws Exception {
        DirectProbe.Result result = probe(Libc.INSTANCE, DirectMode.OFF);
        assertThat(result.path()).isEqualTo(IoPath.BUFFERED);
        assertThat(result.reason()).startsWith("direct I/O is off by configuration");
    }

    @Test
    void tmpfsIsNamedForWhatItIs() throws Exception {
        Path sharedMemory = Path.of("/dev/shm");
        assumeThat(Files.isWritable(sharedMemory)).isTrue();
        DirectProbe.Result result = new DirectProbe(Libc.INSTANCE, sharedMemory).run(DirectMode.AUTO);
        // kernels before 6.6 refuse the flag there
        assertThat(result.reason())
                .startsWith(result.path() == IoPath.ODIRECT ? "tmpfs ignores O_DIRECT" : "O_DIRECT is refused");
    }

    @Test
    void sparseFilesAreMentioned() throws Exception {
        PosixCalls calls = new ForwardingCalls(Libc.INSTANCE) {
            @Override
            public int fallocate(int fd, long sizeBytes) {
                return -Errno.EOPNOTSUPP.number();
            }
        };
        assertThat(probe(calls, DirectMode.AUTO).reason()).endsWith("fallocate is not supported, files are sparse");
    }

    @Test
    void otherBytesEndTheStart() {
        PosixCalls calls = new ForwardingCalls(Libc.INSTANCE) {
            @Override
            public long pread(int fd, MemorySegment destination, long offset) {
                long count = super.pread(fd, destination, offset);
                destination.set(ValueLayout.JAVA_BYTE, 70_000, (byte) ~destination.get(ValueLayout.JAVA_BYTE, 70_000));
                return count;
            }
        };
        assertThatThrownBy(() -> probe(calls, DirectMode.AUTO))
                .isInstanceOfSatisfying(
                        IoFailure.class, failure -> assertThat(failure.kind()).isEqualTo(Kind.IO))
                .hasMessageEndingWith("gave back other bytes than were written, from 70000");
    }

    @Test
    void aMissingDirectoryIsNotFound() {
        Path none = directory.path().resolve("none");
        assertThatThrownBy(() -> new DirectProbe(Libc.INSTANCE, none).run(DirectMode.AUTO))
                .isInstanceOfSatisfying(
                        IoFailure.class, failure -> assertThat(failure.kind()).isEqualTo(Kind.NOT_FOUND));
    }

    private DirectProbe.Result probe(PosixCalls calls, DirectMode mode) throws IoFailure {
        return new DirectProbe(calls, directory.path()).run(mode);
    }
}
