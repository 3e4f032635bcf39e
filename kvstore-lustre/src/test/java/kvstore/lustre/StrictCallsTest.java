package kvstore.lustre;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import kvstore.api.Blocks;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The table of what Lustre refuses and ext4 allows. */
final class StrictCallsTest {
    private static final int CREATE = OpenFlags.READ_WRITE | OpenFlags.CREATE;

    private final PosixCalls strict = new StrictCalls(Libc.INSTANCE);

    @TempDir
    private Path directory;

    @Test
    void refusesWhatLustreRefuses() throws Exception {
        Path file = directory.resolve("file");
        assertThat(strict.open(directory, OpenFlags.READ_WRITE | OpenFlags.TEMPORARY, 0600))
                .isEqualTo(-Errno.EOPNOTSUPP.number());
        assertThat(strict.open(file, CREATE | OpenFlags.APPEND | OpenFlags.direct(), 0600))
                .isEqualTo(-Errno.EINVAL.number());
        int appending = strict.open(file, CREATE | OpenFlags.APPEND, 0600);
        assertThat(appending).isNotNegative();
        assertThat(strict.close(appending)).isZero();

        Path other = Files.createFile(directory.resolve("other"));
        assertThat(strict.rename(file, other, OpenFlags.RENAME_NOREPLACE)).isEqualTo(-Errno.EEXIST.number());
        assertThat(strict.rename(file, directory.resolve("new"), OpenFlags.RENAME_NOREPLACE))
                .isEqualTo(-Errno.EINVAL.number());
        assertThat(strict.rename(file, other, 2)).isEqualTo(-Errno.EINVAL.number());
        assertThat(strict.rename(file, other, 0)).isZero();
        assertThat(file).doesNotExist();
        assertThat(other).exists();
    }

    @Test
    void refusesPartsOfBlocks() {
        int fd = strict.open(directory.resolve("file"), CREATE | OpenFlags.direct(), 0600);
        try (Arena arena = Arena.ofConfined()) {
            var memory = arena.allocate(2L * Blocks.BLOCK_BYTES, Blocks.BLOCK_BYTES);
            var block = memory.asSlice(0, Blocks.BLOCK_BYTES);
            assertThat(strict.pwrite(fd, block, 0)).isEqualTo(Blocks.BLOCK_BYTES);
            assertThat(strict.pwrite(fd, block, 4096)).isEqualTo(-Errno.EINVAL.number());
            assertThat(strict.pwrite(fd, memory.asSlice(0, 4096), 0)).isEqualTo(-Errno.EINVAL.number());
            assertThat(strict.pread(fd, memory.asSlice(4096, Blocks.BLOCK_BYTES), 0))
                    .isEqualTo(-Errno.EINVAL.number());
        }
        assertThat(strict.close(fd)).isZero();
    }

    @Test
    void locksKeepOtherDescriptorsOut() {
        int first = strict.open(directory.resolve("lock"), CREATE, 0600);
        int second = strict.open(directory.resolve("lock"), CREATE, 0600);
        assertThat(strict.lock(first)).isZero();
        assertThat(strict.lock(second)).isEqualTo(-Errno.EAGAIN.number());
        assertThat(strict.close(first)).isZero();
        assertThat(strict.lock(second)).isZero();
        assertThat(strict.close(second)).isZero();
    }
}
