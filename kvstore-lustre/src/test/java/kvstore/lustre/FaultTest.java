package kvstore.lustre;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicReference;
import kvstore.api.Blocks;
import kvstore.api.HostBuffer;
import kvstore.api.IoFailure;
import kvstore.api.IoFile;
import kvstore.lustre.EngineConfig.DirectMode;
import kvstore.lustre.FaultyCalls.Fault;
import kvstore.testkit.TestDirectory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * One fault at every call of a whole life (start, create, write, read, reopen, close), and many at once. What must
 * hold: an operation gives the right bytes or an {@link IoFailure}; nothing stays open; a create that failed leaves no
 * file.
 */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class FaultTest {
    private static final int BLOCK = Blocks.BLOCK_BYTES;
    private static final int FILE_BLOCKS = 8;

    /** What is known of an extent: what was written if that was answered, else nothing. */
    private record Extent(long block, HostBuffer written, boolean answered) {}

    @ParameterizedTest
    @EnumSource(
            value = DirectMode.class,
            names = {"AUTO", "OFF"})
    void oneFaultAnywhere(DirectMode mode) throws Exception {
        List<String> calls = life(mode, (_, _, _) -> null).made();
        assertThat(calls)
                .contains("statfs", "open", "fallocate", "pwrite", "pread", "lseek", "close", "unlink")
                .filteredOn("fdatasync"::equals)
                .hasSize(mode == DirectMode.OFF ? 3 : 0);
        for (Fault fault : Fault.values()) {
            for (int position = 0; position < calls.size(); position++) {
                int failing = position;
                FaultyCalls lived = life(mode, (index, _, _) -> index == failing ? fault : null);
                assertThat(lived.made()).as("reached the fault").hasSizeGreaterThan(failing);
            }
        }
    }

    /** Lives through it all with a plan of faults, and checks what must hold. */
    private static FaultyCalls life(DirectMode mode, FaultyCalls.Plan plan) throws Exception {
        FaultyCalls calls = new FaultyCalls(Libc.INSTANCE, plan);
        try (TestDirectory directory = TestDirectory.under(TestDirectory.BUILD);
                Arena arena = Arena.ofShared()) {
            try {
                life(mode, calls, directory, arena);
            } catch (AssertionError e) {
                int last = calls.made().size() - 1;
                throw new AssertionError("%s, calls %s, the last is number %d".formatted(mode, calls.made(), last), e);
            }
            assertThat(directory.openDescriptors()).isEmpty();
        }
        return calls;
    }

    private static void life(DirectMode mode, FaultyCalls calls, TestDirectory directory, Arena arena)
            throws Exception {
        // strict on top: what the engine asks for must be aligned, also after a call that ended early inside a block
        PosixCalls strict = new StrictCalls(calls);
        try (PosixEngine engine = PosixEngine.open(new EngineConfig(1, 1, mode), directory.path(), strict)) {
            assertThat(directory.files()).as("after the probe").isEmpty();
            Path path = directory.path().resolve("file");
            List<Extent> extents = new ArrayList<>();
            try (IoFile file = engine.create(path, (long) FILE_BLOCKS * BLOCK)) {
                extents.add(write(file, 0, randomBuffer(3, 1, arena)));
                extents.add(write(file, 5, randomBuffer(2, 2, arena)));
                for (Extent extent : extents) {
                    check(file, extent, arena);
                }
            } catch (IoFailure e) {
                // only create can have thrown it
                assertThat(path).doesNotExist();
                return;
            }
            try (IoFile file = engine.open(path)) {
                for (Extent extent : extents) {
                    check(file, extent, arena);
                }
            } catch (IoFailure e) {
                assertInjected(e, calls);
            }
            byte[] whole = Files.readAllBytes(path);
            for (Extent extent : extents) {
                MemorySegment found =
                        MemorySegment.ofArray(whole).asSlice(extent.block * BLOCK, extent.written.sizeBytes());
                assertThat(extent.answered && found.mismatch(extent.written.memory()) >= 0)
                        .as("an answered write is in the file")
                        .isFalse();
            }
        } catch (IoFailure e) {
            assertInjected(e, calls);
        }
    }

    private static void assertInjected(IoFailure failure, FaultyCalls calls) {
        assertThat(calls.injected()).as("%s", failure).isPositive();
    }

    private static Extent write(IoFile file, long block, HostBuffer bytes) throws Exception {
        return new Extent(block, bytes, succeeds(file.write(block * BLOCK, bytes)));
    }

    private static void check(IoFile file, Extent extent, Arena arena) throws Exception {
        HostBuffer read = new HostBuffer(arena.allocate(extent.written.sizeBytes(), BLOCK));
        if (succeeds(file.read(extent.block * BLOCK, read)) && extent.answered) {
            assertThat(read.memory().mismatch(extent.written.memory())).isEqualTo(-1);
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = Fault.class,
            names = {"EINTR", "SHORT"})
    void whatOnlyInterruptsIsNotNoticed(Fault fault) throws Exception {
        for (DirectMode mode : new DirectMode[] {DirectMode.AUTO, DirectMode.OFF}) {
            try (TestDirectory directory = TestDirectory.under(TestDirectory.BUILD);
                    Arena arena = Arena.ofShared()) {
                AtomicReference<String> last = new AtomicReference<>("");
                // a short transfer of one block makes no progress, so those are spared; of the others the first of a
                // kind is interrupted
                FaultyCalls.Plan plan = fault == Fault.SHORT
                        ? (_, _, bytes) -> bytes > BLOCK ? fault : null
                        : (_, call, _) -> call.equals(last.getAndSet(call)) ? null : fault;
                FaultyCalls calls = new FaultyCalls(Libc.INSTANCE, plan);
                try (PosixEngine engine = PosixEngine.open(
                                new EngineConfig(1, 1, mode), directory.path(), new StrictCalls(calls));
                        IoFile file = engine.create(directory.path().resolve("file"), (long) FILE_BLOCKS * BLOCK)) {
                    Extent extent = write(file, 1, randomBuffer(7, 3, arena));
                    assertThat(extent.answered).isTrue();
                    check(file, extent, arena);
                    assertThat(engine.reads().operations()).isEqualTo(1);
                    assertThat(engine.reads().continuations()).isPositive();
                    assertThat(engine.writes().continuations()).isPositive();
                }
                assertThat(calls.injected()).isPositive();
            }
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = DirectMode.class,
            names = {"AUTO", "OFF"})
    void manyFaultsAndThreads(DirectMode mode) throws Exception {
        for (long seed = 1; seed <= 6; seed++) {
            Random faults = new Random(seed);
            Fault[] kinds = Fault.values();
            boolean[] calm = {true};
            FaultyCalls calls = new FaultyCalls(
                    Libc.INSTANCE,
                    (_, _, _) -> calm[0] || faults.nextInt(4) > 0 ? null : kinds[faults.nextInt(kinds.length)]);
            try (TestDirectory directory = TestDirectory.under(TestDirectory.BUILD);
                    Arena arena = Arena.ofShared()) {
                try (PosixEngine engine = PosixEngine.open(
                                new EngineConfig(3, 3, mode), directory.path(), new StrictCalls(calls));
                        IoFile file = engine.create(directory.path().resolve("file"), 4L * FILE_BLOCKS * BLOCK)) {
                    calm[0] = false;
                    List<CompletableFuture<Void>> users = new ArrayList<>();
                    for (int user = 0; user < 4; user++) {
                        long userSeed = seed * 100 + user;
                        long firstBlock = (long) user * FILE_BLOCKS;
                        users.add(CompletableFuture.runAsync(() -> use(file, firstBlock, userSeed, arena)));
                    }
                    for (CompletableFuture<Void> user : users) {
                        user.get(60, SECONDS);
                    }
                } catch (Exception | AssertionError e) {
                    throw new AssertionError("seed " + seed + ", " + mode, e);
                }
                assertThat(calls.injected()).as("seed %d", seed).isGreaterThan(20);
                assertThat(directory.openDescriptors()).as("seed %d", seed).isEmpty();
            }
        }
    }

    /** Writes and reads one user's part of a file, knowing what must be in it. */
    private static void use(IoFile file, long firstBlock, long seed, Arena arena) {
        Random random = new Random(seed);
        @Nullable HostBuffer[] known = new HostBuffer[FILE_BLOCKS];
        HostBuffer read = new HostBuffer(arena.allocate(BLOCK, BLOCK));
        try {
            for (int step = 0; step < 60; step++) {
                int block = random.nextInt(FILE_BLOCKS);
                long offset = (firstBlock + block) * BLOCK;
                if (random.nextBoolean()) {
                    HostBuffer bytes = randomBuffer(1, random.nextLong(), arena);
                    known[block] = succeeds(file.write(offset, bytes)) ? bytes : null;
                    continue;
                }
                HostBuffer expected = known[block];
                if (succeeds(file.read(offset, read)) && expected != null) {
                    assertThat(read.memory().mismatch(expected.memory()))
                            .as("user %d, step %d", seed, step)
                            .isEqualTo(-1);
                }
            }
        } catch (Exception e) {
            throw new AssertionError("user " + seed, e);
        }
    }

    /** Whether an operation succeeded; it may fail with nothing but an {@link IoFailure}. */
    private static boolean succeeds(CompletableFuture<Void> operation) throws Exception {
        try {
            operation.get(30, SECONDS);
            return true;
        } catch (ExecutionException e) {
            if (e.getCause() instanceof IoFailure) {
                return false;
            }
            return fail("an operation threw something else", e);
        }
    }

    private static HostBuffer randomBuffer(long blocks, long seed, Arena arena) {
        HostBuffer buffer = new HostBuffer(arena.allocate(blocks * BLOCK, BLOCK));
        byte[] bytes = new byte[(int) buffer.sizeBytes()];
        new Random(seed).nextBytes(bytes);
        MemorySegment.copy(bytes, 0, buffer.memory(), ValueLayout.JAVA_BYTE, 0, bytes.length);
        return buffer;
    }
}
