package kvstore.lustre;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import kvstore.api.Blocks;
import kvstore.api.HostBuffer;
import kvstore.api.IoFailure;
import kvstore.api.IoFailure.Kind;
import kvstore.api.IoFile;
import kvstore.lustre.EngineConfig.DirectMode;
import kvstore.testkit.TestDirectory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Operations, closing and their order, with a kernel that can be held up. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class PosixFileTest {
    private static final int BLOCK = Blocks.BLOCK_BYTES;

    /** Holds writes up while the gate is shut. */
    private static final class Gate extends ForwardingCalls implements AutoCloseable {
        private final CountDownLatch opened = new CountDownLatch(1);
        private volatile boolean shut;
        private volatile int syncErrno;
        private final List<String> order = new ArrayList<>();

        Gate() {
            super(Libc.INSTANCE);
        }

        /** Lets the writes go, for good. */
        @Override
        public void close() {
            opened.countDown();
        }

        synchronized void note(String event) {
            order.add(event);
        }

        synchronized List<String> order() {
            return List.copyOf(order);
        }

        @Override
        public long pwrite(int fd, MemorySegment source, long offset) {
            if (shut) {
                note("pwrite held");
                try {
                    opened.await();
                } catch (InterruptedException e) {
                    throw new AssertionError(e);
                }
                note("pwrite released");
            }
            return super.pwrite(fd, source, offset);
        }

        @Override
        public int fdatasync(int fd) {
            int result = super.fdatasync(fd);
            // as the kernel: an error is told once
            int errno = syncErrno;
            syncErrno = 0;
            return errno == 0 ? result : -errno;
        }

        @Override
        public int close(int fd) {
            note("close");
            return super.close(fd);
        }
    }

    private final Gate gate = new Gate();
    private final TestDirectory directory = TestDirectory.under(TestDirectory.BUILD);
    private final HostBuffer buffer = new HostBuffer(Arena.ofAuto().allocate(BLOCK, BLOCK));
    private final PosixEngine engine = open();

    private PosixEngine open() {
        try {
            return PosixEngine.open(new EngineConfig(1, 1, DirectMode.OFF), directory.path(), gate);
        } catch (IoFailure e) {
            throw new AssertionError(e);
        }
    }

    @AfterEach
    @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void close() {
        gate.close();
        engine.close();
        directory.close();
    }

    @Test
    void closeWaitsForWhatIsUnderWay() throws Exception {
        IoFile file = file();
        gate.shut = true;
        gate.order.clear();
        CompletableFuture<Void> running = file.write(0, buffer);
        CompletableFuture<Void> queued = file.write(BLOCK, buffer);
        await().until(() -> gate.order().equals(List.of("pwrite held")));
        Thread closer = Thread.ofPlatform().start(file::close);
        await().until(() -> closer.getState() == Thread.State.WAITING);

        assertThat(gate.order()).containsExactly("pwrite held");
        assertThat(kindOf(file.write(0, buffer))).isEqualTo(Kind.CLOSED);
        assertThat(kindOf(file.read(0, buffer))).isEqualTo(Kind.CLOSED);

        gate.shut = false;
        gate.close();
        closer.join();
        assertThat(gate.order()).containsExactly("pwrite held", "pwrite released", "close");
        running.get(10, SECONDS);
        queued.get(10, SECONDS);
        assertThat(engine.writes().failures(Kind.CLOSED)).isEqualTo(1);
        assertThat(engine.reads().failures(Kind.CLOSED)).isEqualTo(1);
    }

    @Test
    void aHeldUpWriteDelaysNoRead() throws Exception {
        try (IoFile file = file();
                Gate _ = gate) {
            gate.shut = true;
            CompletableFuture<Void> write = file.write(0, buffer);
            CompletableFuture<Void> waiting = file.write(BLOCK, buffer);
            await().until(() -> engine.writes().running() == 1);
            assertThat(engine.writes().queued()).isEqualTo(1);

            file.read(0, new HostBuffer(Arena.ofAuto().allocate(BLOCK, BLOCK))).get(10, SECONDS);
            assertThat(write).isNotDone();
            assertThat(engine.reads().operations()).isEqualTo(1);
            assertThat(engine.reads().bytes()).isEqualTo(BLOCK);

            gate.close();
            CompletableFuture.allOf(write, waiting).get(10, SECONDS);
            assertThat(engine.writes().operations()).isEqualTo(2);
            assertThat(engine.writes().bytes()).isEqualTo(2L * BLOCK);
            assertThat(engine.writes().queuedNanos()).isPositive();
            assertThat(engine.writes().runNanos()).isPositive();
            assertThat(engine.writes().running()).isZero();
            assertThat(engine.writes().queued()).isZero();
        }
    }

    @Test
    void aWriteUnderWayIsNotCancelled() throws Exception {
        try (IoFile file = file();
                Gate _ = gate) {
            gate.shut = true;
            CompletableFuture<Void> write = file.write(0, buffer);
            CompletableFuture<Void> limited = write.orTimeout(1, TimeUnit.NANOSECONDS);
            assertThat(write.cancel(true)).isFalse();
            assertThatThrownBy(() -> limited.get(10, SECONDS)).hasCauseInstanceOf(TimeoutException.class);
            assertThat(write).isNotDone();
            gate.close();
            write.get(10, SECONDS);
        }
    }

    @Test
    void aContinuationMayCloseTheFile() throws Exception {
        IoFile file = file();
        gate.shut = true;
        // the second write waits for the one thread that the first one's continuation runs on
        CompletableFuture<Void> first = file.write(0, buffer).thenRun(file::close);
        CompletableFuture<Void> second = file.write(BLOCK, buffer);
        gate.close();
        first.get(10, SECONDS);
        second.get(10, SECONDS);
        file.close();
        assertThat(gate.order()).endsWith("close");
        assertThat(directory.openDescriptors()).isEmpty();
    }

    @Test
    void aContinuationMayNotCloseTheEngine() throws Exception {
        try (IoFile file = file();
                Gate _ = gate) {
            gate.shut = true;
            CompletableFuture<Void> closing = file.write(0, buffer).thenRun(engine::close);
            gate.close();
            assertThatThrownBy(() -> closing.get(10, SECONDS)).hasCauseInstanceOf(IllegalStateException.class);
        }
    }

    @Test
    void anUnsyncedWriteMakesAllLaterOnesFail() throws Exception {
        try (IoFile file = file()) {
            file.write(0, buffer).get(10, SECONDS);
            gate.syncErrno = Errno.EIO.number();
            assertThat(kindOf(file.write(0, buffer))).isEqualTo(Kind.IO);
            assertThat(kindOf(file.write(BLOCK, buffer))).isEqualTo(Kind.IO);
            file.read(0, buffer).get(10, SECONDS);
            assertThat(engine.writes().failures(Kind.IO)).isEqualTo(2);
            assertThat(engine.writes().operations()).isEqualTo(1);
        }
    }

    @Test
    void freedMemoryFailsTheOperationAndNothingElse() throws Exception {
        try (IoFile file = file()) {
            HostBuffer freed;
            try (Arena arena = Arena.ofShared()) {
                freed = new HostBuffer(arena.allocate(BLOCK, BLOCK));
            }
            assertThatThrownBy(() -> file.write(0, freed).get(10, SECONDS))
                    .hasCauseInstanceOf(IllegalStateException.class);
            assertThat(engine.writes().failures(Kind.OTHER)).isEqualTo(1);
            file.write(0, buffer).get(10, SECONDS);
        }
    }

    private IoFile file() throws IoFailure {
        return engine.create(directory.path().resolve("file"), 2L * BLOCK);
    }

    private static Kind kindOf(CompletableFuture<Void> operation) throws Exception {
        try {
            operation.get(10, SECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof IoFailure failure) {
                return failure.kind();
            }
            throw e;
        }
        throw new AssertionError("it succeeded");
    }
}
