package kvstore.lustre;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import kvstore.api.BlockChecksums;
import kvstore.api.IoFailure;
import kvstore.api.IoFailure.Kind;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
final class SharedMemoryTest {
    private static final long SEED = 5;
    private static final int BYTES = 1 << 20;
    private static final int MEMORY_FILE_MODE = 0600;

    private final Random random = new Random(SEED);

    /** A file of shared memory as a client has it. */
    private static final class ClientMemory implements AutoCloseable {
        final Path file;
        final FileChannel channel;

        ClientMemory(int bytes) throws IOException {
            file = Files.createTempFile(Path.of("/dev/shm"), "kvstore-test-", "");
            channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE);
            if (bytes > 0) {
                grow(bytes);
            }
        }

        void grow(int bytes) throws IOException {
            assertThat(channel.write(ByteBuffer.wrap(new byte[] {1}), bytes - 1L))
                    .isOne();
        }

        SharedMemory map() throws IoFailure {
            return SharedMemory.map(descriptor(file, OpenFlags.READ_WRITE));
        }

        @Override
        public void close() throws IOException {
            channel.close();
            Files.delete(file);
        }
    }

    private static int descriptor(Path file, int flags) {
        return Libc.INSTANCE.open(file, flags, MEMORY_FILE_MODE);
    }

    @Test
    void isTheSameMemory() throws Exception {
        try (ClientMemory client = new ClientMemory(BYTES);
                SharedMemory memory = client.map();
                Arena arena = Arena.ofConfined()) {
            assertThat(memory.sizeBytes()).isEqualTo(BYTES);
            assertThat(memory.sealed()).isFalse();
            assertThat(memory.isAligned(0)).isTrue();
            assertThat(memory.isAligned(4096)).isEqualTo(kvstore.api.Blocks.isMemoryAligned(4096));
            assertThat(memory.isAligned(17)).isFalse();

            byte[] bytes = new byte[1000];
            random.nextBytes(bytes);
            memory.write(777, arena.allocateFrom(ValueLayout.JAVA_BYTE, bytes));
            ByteBuffer seen = ByteBuffer.allocate(bytes.length);
            assertThat(client.channel.read(seen, 777)).isEqualTo(bytes.length);
            assertThat(seen.array()).isEqualTo(bytes);

            MemorySegment back = arena.allocate(bytes.length);
            memory.read(777, back);
            assertThat(back.toArray(ValueLayout.JAVA_BYTE)).isEqualTo(bytes);
        }
    }

    @Test
    void checksumsAreThoseOfItsBytes() throws Exception {
        try (ClientMemory client = new ClientMemory(BYTES);
                SharedMemory memory = client.map()) {
            byte[] bytes = new byte[BYTES];
            random.nextBytes(bytes);
            assertThat(client.channel.write(ByteBuffer.wrap(bytes), 0)).isEqualTo(BYTES);
            for (int length : new int[] {1, 65_535, 65_536, 65_537, 300_000, BYTES - 9}) {
                BlockChecksums.Accumulator expected = new BlockChecksums.Accumulator(length);
                expected.update(MemorySegment.ofArray(bytes).asSlice(9, length));
                assertThat(memory.checksums(9, length))
                        .as("%d bytes, seed %d", length, SEED)
                        .isEqualTo(expected.finish());
            }
        }
    }

    @Test
    void whatIsNoSharedMemoryIsRefused(@TempDir Path directory) throws Exception {
        Path ordinary = Files.write(directory.resolve("ordinary"), new byte[BYTES]);
        assertRefused(descriptor(ordinary, OpenFlags.READ_WRITE), "not of shared memory");
        try (ClientMemory empty = new ClientMemory(0);
                ClientMemory readOnly = new ClientMemory(BYTES)) {
            assertRefused(descriptor(empty.file, OpenFlags.READ_WRITE), "it is empty");
            assertRefused(descriptor(readOnly.file, 0), "EACCES");
        }
        assertRefused(descriptor(Path.of("/dev/null"), OpenFlags.READ_WRITE), "");
    }

    private static void assertRefused(int fd, String why) {
        assertThat(fd).isNotNegative();
        assertThatThrownBy(() -> SharedMemory.map(fd))
                .isInstanceOfSatisfying(
                        IoFailure.class, refused -> assertThat(refused.kind()).isEqualTo(Kind.DENIED))
                .hasMessageContaining(why);
        // the number is free again
        assertThat(Libc.INSTANCE.close(fd)).isEqualTo(-Errno.EBADF.number());
    }

    @Test
    void whatLiesOutsideIsAMistake() throws Exception {
        try (ClientMemory client = new ClientMemory(BYTES);
                SharedMemory memory = client.map();
                Arena arena = Arena.ofConfined()) {
            MemorySegment two = arena.allocate(2);
            assertThatThrownBy(() -> memory.read(BYTES - 1, two)).isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(() -> memory.write(-1, two)).isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(() -> memory.checksums(1, BYTES)).isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(() -> memory.buffer(BYTES, 65_536)).isInstanceOf(IndexOutOfBoundsException.class);
        }
    }

    @Test
    void memoryThatWasCutOffIsAFailureOfThisRegionAlone() throws Exception {
        try (ClientMemory cut = new ClientMemory(BYTES);
                SharedMemory cutMemory = cut.map();
                ClientMemory other = new ClientMemory(BYTES);
                SharedMemory otherMemory = other.map()) {
            cut.channel.truncate(BYTES / 2);
            assertGone(() -> cutMemory.checksums(0, BYTES));
            assertThat(cutMemory.checksums(0, BYTES / 2).count()).isEqualTo(BYTES / 2 / 65_536);
            assertThat(otherMemory.checksums(0, BYTES).count()).isEqualTo(BYTES / 65_536);
        }
    }

    /** The process is still there afterwards, which is the point; and no error shows up later than where it belongs. */
    @Test
    void cuttingItOffUnderACopyNeverEndsTheProcess() throws Exception {
        AtomicBoolean stop = new AtomicBoolean();
        AtomicLong gone = new AtomicLong();
        try (ClientMemory cut = new ClientMemory(BYTES);
                SharedMemory cutMemory = cut.map();
                ClientMemory whole = new ClientMemory(BYTES);
                SharedMemory wholeMemory = whole.map();
                ExecutorService threads = Executors.newFixedThreadPool(2)) {
            BlockChecksums expected = wholeMemory.checksums(0, BYTES);
            Callable<Boolean> reader = () -> {
                boolean right = true;
                while (!stop.get()) {
                    try {
                        BlockChecksums _ = cutMemory.checksums(0, BYTES);
                    } catch (IoFailure e) {
                        right &= e.kind() == Kind.MEMORY_GONE;
                        gone.incrementAndGet();
                    }
                    right &= wholeMemory.checksums(0, BYTES).equals(expected);
                }
                return right;
            };
            Future<Boolean> first = threads.submit(reader);
            Future<Boolean> second = threads.submit(reader);
            while (gone.get() < 2_000 && !first.isDone() && !second.isDone()) {
                cut.channel.truncate(random.nextInt(BYTES));
                cut.grow(BYTES);
            }
            stop.set(true);
            assertThat(first.get()).as("seed %d", SEED).isTrue();
            assertThat(second.get()).as("seed %d", SEED).isTrue();
        }
    }

    private static void assertGone(Callable<?> call) {
        assertThatThrownBy(call::call)
                .isInstanceOfSatisfying(
                        IoFailure.class, failure -> assertThat(failure.kind()).isEqualTo(Kind.MEMORY_GONE));
    }
}
