package kvstore.lustre;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.function.IntSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class LibcTest {
    private static final Libc LIBC = Libc.INSTANCE;

    @TempDir
    private Path directory;

    @Test
    void eachThreadSeesItsOwnErrno() throws Exception {
        Path none = directory.resolve("none");
        CyclicBarrier start = new CyclicBarrier(2);
        CompletableFuture<Void> missing = repeat(start, () -> LIBC.open(none, OpenFlags.READ_WRITE, 0), Errno.ENOENT);
        CompletableFuture<Void> unknown = repeat(start, () -> LIBC.close(-1), Errno.EBADF);
        CompletableFuture.allOf(missing, unknown).get(30, TimeUnit.SECONDS);
    }

    private static CompletableFuture<Void> repeat(CyclicBarrier start, IntSupplier call, Errno expected) {
        CompletableFuture<Void> done = new CompletableFuture<>();
        Thread.ofPlatform().start(() -> {
            try {
                start.await(10, TimeUnit.SECONDS);
                for (int i = 0; i < 50_000; i++) {
                    assertThat(call.getAsInt()).isEqualTo(-expected.number());
                }
                done.complete(null);
            } catch (Throwable thrown) {
                done.completeExceptionally(thrown);
            }
        });
        return done;
    }

    @Test
    void opensWithTheModeThatTheVariadicArgumentSays() throws Exception {
        Path file = directory.resolve("mode-0640-\u00e4");
        int fd = LIBC.open(file, OpenFlags.READ_WRITE | OpenFlags.CREATE | OpenFlags.EXCLUSIVE, 0640);
        assertThat(fd).isNotNegative();
        // the usual umask takes no more than the group's write and the others' bits away
        assertThat((int) Files.getAttribute(file, "unix:mode") & 0740).isEqualTo(0640);
        assertThat(LIBC.open(file, OpenFlags.READ_WRITE | OpenFlags.CREATE | OpenFlags.EXCLUSIVE, 0640))
                .isEqualTo(-Errno.EEXIST.number());
        assertThat(LIBC.close(fd)).isZero();
        assertThat(LIBC.close(fd)).isEqualTo(-Errno.EBADF.number());
        assertThat(LIBC.unlink(file)).isZero();
        assertThat(LIBC.unlink(file)).isEqualTo(-Errno.ENOENT.number());
    }

    @Test
    void theDirectFlagIsTheKernelsOwn() throws Exception {
        Path file = Files.createFile(directory.resolve("flags"));
        int fd = LIBC.open(file, OpenFlags.READ_WRITE | OpenFlags.CLOSE_ON_EXEC | OpenFlags.direct(), 0);
        assertThat(fd).isNotNegative();
        // the kernel shows the flags in octal, O_LARGEFILE (another number on each architecture) among them
        String flags = Files.readAllLines(Path.of("/proc/self/fdinfo/" + fd)).stream()
                .filter(line -> line.startsWith("flags:"))
                .findFirst()
                .orElseThrow();
        int shown = Integer.parseInt(flags.substring("flags:".length()).strip(), 8);
        int expected = OpenFlags.READ_WRITE | OpenFlags.CLOSE_ON_EXEC | OpenFlags.direct();
        assertThat(shown & expected).isEqualTo(expected);
        LIBC.close(fd);
    }

    @Test
    void transfersTellHowFarTheyCame() throws Exception {
        Path file = Files.writeString(directory.resolve("text"), "0123456789");
        int fd = LIBC.open(file, OpenFlags.READ_WRITE, 0);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(8);
            assertThat(LIBC.pread(fd, memory, 6)).isEqualTo(4);
            assertThat(memory.asSlice(0, 4).toArray(ValueLayout.JAVA_BYTE))
                    .isEqualTo("6789".getBytes(StandardCharsets.US_ASCII));
            assertThat(LIBC.pread(fd, memory, 10)).isZero();
            assertThat(LIBC.pwrite(fd, memory, 4)).isEqualTo(8);
            assertThat(LIBC.pread(fd, memory, -1)).isEqualTo(-Errno.EINVAL.number());
        }
        assertThat(LIBC.size(fd)).isEqualTo(12);
        assertThat(LIBC.ftruncate(fd, 5)).isZero();
        assertThat(LIBC.size(fd)).isEqualTo(5);
        assertThat(LIBC.fallocate(fd, 70_000)).isZero();
        assertThat(LIBC.size(fd)).isEqualTo(70_000);
        assertThat(LIBC.fdatasync(fd)).isZero();
        assertThat(LIBC.dropCached(fd, 0, 70_000)).isZero();
        assertThat(LIBC.close(fd)).isZero();
        assertThat(LIBC.size(fd)).isEqualTo(-Errno.EBADF.number());
        assertThat(LIBC.dropCached(fd, 0, 1)).isEqualTo(-Errno.EBADF.number());
    }

    @Test
    void freedMemoryIsRefusedByTheRuntime() {
        MemorySegment memory;
        try (Arena arena = Arena.ofShared()) {
            memory = arena.allocate(8);
        }
        assertThatThrownBy(() -> LIBC.pread(0, memory, 0)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void directIsAnotherNumberElsewhere() {
        assertThat(OpenFlags.direct("amd64")).isEqualTo(0x4000);
        assertThat(OpenFlags.direct("aarch64")).isEqualTo(0x10000);
        assertThatThrownBy(() -> OpenFlags.direct("vax"))
                .isInstanceOf(UnsupportedOperationException.class)
                .hasMessageContaining("os.arch=vax");
    }
}
