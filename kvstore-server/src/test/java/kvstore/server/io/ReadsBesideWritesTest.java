package kvstore.server.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import kvstore.api.HostBuffer;
import kvstore.api.IoEngine;
import kvstore.api.IoFile;
import kvstore.lustre.EngineConfig;
import kvstore.lustre.NativeMemory;
import kvstore.lustre.PosixEngine;
import kvstore.testkit.TestDirectory;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** How long a read takes while the disk is given all the writes it takes: with the engine alone, and behind the guard. */
@Tag("long")
@Timeout(300)
final class ReadsBesideWritesTest {
    private static final long MIB = 1L << 20;
    private static final long FILE_BYTES = 1024 * MIB;
    private static final long READ_BYTES = 4 * MIB;
    private static final long WRITE_BYTES = 16 * MIB;
    private static final int WRITES = 16;
    private static final int TURNS = 3;
    private static final long TURN_NANOS = TimeUnit.SECONDS.toNanos(10);

    private static final EngineConfig ENGINE = new EngineConfig(8, 4, EngineConfig.DirectMode.AUTO);

    private static final GuardConfig GUARD =
            new GuardConfig(512 * MIB, 256 * MIB, 32 * MIB, Duration.ofSeconds(30), 32, Duration.ofSeconds(1));

    @SuppressWarnings("ArrayRecordComponent") // never compared
    private record Turn(long[] readNanos, long writtenBytes) {
        long percentile(double part) {
            return readNanos[(int) (part * (readNanos.length - 1))] / 1_000;
        }

        @Override
        public String toString() {
            double seconds = TURN_NANOS / 1e9;
            return "%6.0f reads/s  p50 %7d us  p99 %7d us  max %7d us  written %5.0f MiB/s"
                    .formatted(
                            readNanos.length / seconds,
                            percentile(0.5),
                            percentile(0.99),
                            percentile(1),
                            writtenBytes / seconds / MIB);
        }
    }

    @Test
    void areMeasured() throws Exception {
        try (TestDirectory directory = TestDirectory.under(TestDirectory.BUILD)) {
            for (int turn = 0; turn < TURNS; turn++) {
                try (PosixEngine engine = PosixEngine.open(ENGINE, directory.path())) {
                    System.out.println("no writes: " + run(engine, directory.path(), 0));
                    System.out.println("engine alone: " + run(engine, directory.path(), WRITES));
                }
                try (GuardedEngine engine = new GuardedEngine(PosixEngine.open(ENGINE, directory.path()), GUARD)) {
                    System.out.println("with guard: " + run(engine, directory.path(), WRITES));
                }
            }
        }
    }

    private static Turn run(IoEngine engine, Path directory, int writes) throws Exception {
        try (NativeMemory memory = NativeMemory.map(READ_BYTES + WRITE_BYTES);
                IoFile read = engine.create(directory.resolve("read"), FILE_BYTES);
                IoFile written = engine.create(directory.resolve("written"), FILE_BYTES)) {
            HostBuffer readBuffer = new HostBuffer(memory.segment().asSlice(0, READ_BYTES));
            HostBuffer writeBuffer = new HostBuffer(memory.segment().asSlice(READ_BYTES, WRITE_BYTES));
            for (long at = 0; at < FILE_BYTES; at += WRITE_BYTES) {
                read.write(at, writeBuffer).join();
            }
            long end = System.nanoTime() + TURN_NANOS;
            AtomicLong writtenBytes = new AtomicLong();
            Semaphore free = new Semaphore(writes);
            Thread writer = Thread.ofPlatform().start(() -> {
                for (long at = 0; writes > 0 && System.nanoTime() < end; at = (at + WRITE_BYTES) % FILE_BYTES) {
                    free.acquireUninterruptibly();
                    var _ = written.write(at, writeBuffer).whenComplete((_, _) -> {
                        writtenBytes.addAndGet(WRITE_BYTES);
                        free.release();
                    });
                }
            });
            Random random = new Random(1);
            long[] nanos = new long[1_000_000];
            int count = 0;
            while (System.nanoTime() < end) {
                long begin = System.nanoTime();
                read.read(random.nextInt((int) (FILE_BYTES / READ_BYTES)) * READ_BYTES, readBuffer)
                        .join();
                nanos[count++] = System.nanoTime() - begin;
            }
            writer.join();
            free.acquireUninterruptibly(writes);
            assertThat(count).isPositive();
            long[] sorted = Arrays.copyOf(nanos, count);
            Arrays.sort(sorted);
            return new Turn(sorted, writtenBytes.get());
        } finally {
            directory.resolve("read").toFile().delete();
            directory.resolve("written").toFile().delete();
        }
    }
}
