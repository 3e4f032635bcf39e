package kvstore.lustre;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import kvstore.api.Blocks;
import kvstore.api.IoFailure;
import kvstore.api.IoFailure.Kind;
import kvstore.testkit.TestDirectory;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** The rules for interrupted and short calls, against a kernel that answers from a list. */
final class FileOperationsTest {
    private static final long BLOCK = Blocks.BLOCK_BYTES;
    private static final Path FILE = Path.of("/pool/x");

    /** Answers transfers from a list, the last answer for ever, and notes what was asked. */
    private static final class Script extends ForwardingCalls {
        private final Deque<Long> answers;
        private final List<String> asked = new ArrayList<>();
        private final long size;

        Script(long size, Long... answers) {
            super(Libc.INSTANCE);
            this.size = size;
            this.answers = new ArrayDeque<>(Arrays.asList(answers));
        }

        private long answer(MemorySegment memory, long offset) {
            asked.add(offset / BLOCK + "+" + memory.byteSize() / BLOCK);
            return answers.size() > 1 ? answers.remove() : answers.getFirst();
        }

        @Override
        public long pread(int fd, MemorySegment destination, long offset) {
            return answer(destination, offset);
        }

        @Override
        public long pwrite(int fd, MemorySegment source, long offset) {
            return answer(source, offset);
        }

        @Override
        public int fdatasync(int fd) {
            return (int) answer(MemorySegment.NULL, 0);
        }

        @Override
        public long size(int fd) {
            return size;
        }
    }

    private final IoStats stats = new IoStats();

    @Test
    void goesOnAtTheLastWholeBlock() throws Exception {
        Script script = new Script(100 * BLOCK, 2 * BLOCK + 4096, 1L, BLOCK, BLOCK);
        read(script, 4, 10);
        assertThat(script.asked).containsExactly("10+4", "12+2", "12+2", "13+1");
        assertThat(stats.continuations()).isEqualTo(3);

        script = new Script(100 * BLOCK, BLOCK - 512, 3 * BLOCK + 512, BLOCK);
        write(script, 4, 10);
        assertThat(script.asked).containsExactly("10+4", "10+4", "13+1");
    }

    @Test
    void repeatsWhatWasInterrupted() throws Exception {
        Script script = new Script(100 * BLOCK, errno(Errno.EINTR), errno(Errno.EINTR), 4 * BLOCK);
        read(script, 4, 0);
        assertThat(script.asked).containsExactly("0+4", "0+4", "0+4");
    }

    @Test
    void progressStartsTheCountOfFruitlessCallsAgain() throws Exception {
        List<Long> answers = new ArrayList<>();
        for (int block = 0; block < 3; block++) {
            for (int i = 0; i < FileOperations.FRUITLESS_CALLS_MAX; i++) {
                answers.add(errno(Errno.EINTR));
            }
            answers.add(BLOCK);
        }
        read(new Script(100 * BLOCK, answers.toArray(Long[]::new)), 3, 0);
        assertThat(stats.continuations()).isEqualTo(3L * FileOperations.FRUITLESS_CALLS_MAX + 2);
    }

    @Test
    void givesUpAfterABoundedNumberOfCalls() {
        for (Long answer : new Long[] {errno(Errno.EINTR), 0L, 1L, BLOCK - 1}) {
            Script reads = new Script(100 * BLOCK, answer);
            assertFails(() -> read(reads, 4, 0), answer < 0 ? Kind.TRANSIENT : Kind.IO);
            assertThat(reads.asked).hasSize(FileOperations.FRUITLESS_CALLS_MAX + 1);

            Script writes = new Script(100 * BLOCK, answer);
            assertFails(() -> write(writes, 4, 0), answer < 0 ? Kind.TRANSIENT : Kind.IO);
            assertThat(writes.asked).hasSize(FileOperations.FRUITLESS_CALLS_MAX + 1);
        }
        Script syncs = new Script(0, errno(Errno.EINTR));
        assertFails(() -> new FileOperations(syncs).sync(0, FILE), Kind.TRANSIENT);
        assertThat(syncs.asked).hasSize(FileOperations.FRUITLESS_CALLS_MAX + 1);
    }

    @Test
    void anErrorEndsAnOperationAtOnce() {
        Script script = new Script(100 * BLOCK, BLOCK, errno(Errno.EIO));
        assertThatThrownBy(() -> write(script, 4, 10)).hasMessage("pwrite /pool/x [655360, +262144): EIO");
        assertThat(script.asked).containsExactly("10+4", "11+3");
    }

    @Test
    void theEndOfTheFileIsShort() {
        assertFails(() -> read(new Script(2 * BLOCK, 2 * BLOCK, 0L), 4, 0), Kind.SHORT);
        assertFails(() -> read(new Script(2 * BLOCK + 9, 2 * BLOCK + 9, 9L), 4, 0), Kind.SHORT);
        assertFails(() -> read(new Script(BLOCK + 9, errno(Errno.EINVAL)), 4, 0), Kind.SHORT);
        assertFails(() -> read(new Script(4 * BLOCK, errno(Errno.EINVAL)), 4, 0), Kind.OTHER);
        assertFails(() -> read(new Script(BLOCK, errno(Errno.EIO)), 4, 0), Kind.IO);
        assertFails(() -> read(new Script(errno(Errno.EIO), errno(Errno.EINVAL)), 4, 0), Kind.OTHER);
    }

    @Test
    void staysSparseWhereSpaceCannotBeAllocated() throws Exception {
        for (Errno refusal : new Errno[] {Errno.EOPNOTSUPP, Errno.ENOSYS}) {
            long[] truncatedTo = {-1};
            PosixCalls calls = new ForwardingCalls(Libc.INSTANCE) {
                @Override
                public int fallocate(int fd, long sizeBytes) {
                    return -refusal.number();
                }

                @Override
                public int ftruncate(int fd, long sizeBytes) {
                    truncatedTo[0] = sizeBytes;
                    return 0;
                }
            };
            assertThat(new FileOperations(calls).allocate(0, BLOCK, FILE)).isFalse();
            assertThat(truncatedTo[0]).isEqualTo(BLOCK);
        }
    }

    @Test
    void aFullFileSystemIsNoSpace() throws Exception {
        Path sharedMemory = Path.of("/dev/shm");
        assumeThat(Files.isWritable(sharedMemory)).isTrue();
        try (TestDirectory directory = TestDirectory.under(sharedMemory)) {
            FileOperations operations = new FileOperations(Libc.INSTANCE);
            Path file = directory.path().resolve("full");
            int fd = operations.createExclusively(file, OpenFlags.READ_WRITE, 0600);
            // tmpfs compares with its limit first, where ext4 would fill the disk before it said so
            assertFails(() -> operations.allocate(fd, 1L << 50, file), Kind.NO_SPACE);
            operations.close(fd, file);
        }
    }

    @Test
    void removesWhatARefusedOpenHasMade() throws Exception {
        try (TestDirectory directory = TestDirectory.under(TestDirectory.BUILD)) {
            PosixCalls calls = new ForwardingCalls(Libc.INSTANCE) {
                @Override
                public int open(Path file, int flags, int mode) {
                    int fd = super.open(file, flags, mode);
                    super.close(fd);
                    return fd < 0 ? fd : -Errno.EINVAL.number();
                }
            };
            Path file = directory.path().resolve("refused");
            assertFails(
                    () -> new FileOperations(calls).createExclusively(file, OpenFlags.READ_WRITE, 0600), Kind.OTHER);
            assertThat(file).doesNotExist();
            Files.createFile(file);
            assertFails(
                    () -> new FileOperations(calls).createExclusively(file, OpenFlags.READ_WRITE, 0600), Kind.EXISTS);
            assertThat(file).exists();
        }
    }

    private void read(PosixCalls calls, long blocks, long firstBlock) throws IoFailure {
        try (Arena arena = Arena.ofConfined()) {
            new FileOperations(calls).readFully(0, arena.allocate(blocks * BLOCK), firstBlock * BLOCK, FILE, stats);
        }
    }

    private void write(PosixCalls calls, long blocks, long firstBlock) throws IoFailure {
        try (Arena arena = Arena.ofConfined()) {
            new FileOperations(calls).writeFully(0, arena.allocate(blocks * BLOCK), firstBlock * BLOCK, FILE, stats);
        }
    }

    private static long errno(Errno errno) {
        return -errno.number();
    }

    private static void assertFails(ThrowingCallable call, Kind kind) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        IoFailure.class, failure -> assertThat(failure.kind()).isEqualTo(kind));
    }
}
