package kvstore.testkit;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.throwable;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import kvstore.api.Blocks;
import kvstore.api.Buffer;
import kvstore.api.HostBuffer;
import kvstore.api.IoEngine;
import kvstore.api.IoFailure;
import kvstore.api.IoFailure.Kind;
import kvstore.api.IoFile;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What every {@link IoEngine} must do, whatever it runs on. Knows nothing but the seam. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
public abstract class IoEngineContract {
    private static final int BLOCK = Blocks.BLOCK_BYTES;

    private final Arena arena = Arena.ofShared();
    private TestDirectory directory;
    private IoEngine engine;
    private boolean opened;

    /** Where the files lie. A test that cannot run here is aborted by an assumption. */
    protected abstract Path parent();

    /** The engine under test, for files in {@code directory}. */
    protected abstract IoEngine openEngine(Path directory) throws IoFailure;

    @BeforeEach
    @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void open() throws IoFailure {
        directory = TestDirectory.under(parent());
        engine = openEngine(directory.path());
        opened = true;
    }

    @AfterEach
    @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void nothingIsLeftOpen() {
        if (!opened) {
            return; // an assumption does not hold
        }
        engine.close();
        List<String> open = directory.openDescriptors();
        directory.close();
        arena.close();
        assertThat(open).isEmpty();
    }

    @Test
    void saysWhichWayTheBytesGoAndWhy() {
        assertThat(engine.path()).isNotNull();
        assertThat(engine.reason()).isNotBlank();
        assertThat(directory.files()).as("what the engine left at its start").isEmpty();
    }

    @Test
    void givesBackTheBytesThatWereWritten() throws Exception {
        for (long seed = 1; seed <= 8; seed++) {
            Random random = new Random(seed);
            long fileBlocks = 1L + random.nextInt(300);
            long blocks = 1 + random.nextLong(fileBlocks);
            long offset = random.nextLong(fileBlocks - blocks + 1) * BLOCK;
            Memory written = randomBuffer(blocks, random);
            Memory read = buffer(blocks);
            Path path = directory.path().resolve("seed-" + seed);
            try (IoFile file = engine.create(path, fileBlocks * BLOCK)) {
                await(file.write(offset, written.buffer()));
                await(file.read(offset, read.buffer()));
            }
            assertThat(read.bytes().mismatch(written.bytes()))
                    .as("seed %d", seed)
                    .isEqualTo(-1);
            byte[] whole = Files.readAllBytes(path);
            assertThat(whole).as("seed %d", seed).hasSize((int) (fileBlocks * BLOCK));
            MemorySegment extent = MemorySegment.ofArray(whole).asSlice(offset, blocks * BLOCK);
            assertThat(extent.mismatch(written.bytes())).as("seed %d", seed).isEqualTo(-1);
        }
    }

    @Test
    void movesSixteenMebibytesInOnePiece() throws Exception {
        long blocks = (16L << 20) / BLOCK;
        Memory written = randomBuffer(blocks, new Random(16));
        Memory read = buffer(blocks);
        try (IoFile file = engine.create(path("piece"), 2 * blocks * BLOCK)) {
            await(file.write(blocks * BLOCK, written.buffer()));
            await(file.read(blocks * BLOCK, read.buffer()));
        }
        assertThat(read.bytes().mismatch(written.bytes())).isEqualTo(-1);
    }

    @Test
    void aCreatedFileHasItsSizeAndReadsAsZeros() throws Exception {
        Memory read = randomBuffer(5, new Random(5));
        try (IoFile file = engine.create(path("new"), 5L * BLOCK)) {
            assertThat(file.sizeBytes()).isEqualTo(5L * BLOCK);
            assertThat(file.file()).isEqualTo(path("new"));
            await(file.read(0, read.buffer()));
        }
        assertThat(Files.size(path("new"))).isEqualTo(5L * BLOCK);
        assertThat(read.bytes().toArray(ValueLayout.JAVA_BYTE)).containsOnly(0);
    }

    @Test
    void findsTheBytesAfterReopening() throws Exception {
        Memory written = randomBuffer(3, new Random(3));
        try (IoFile file = engine.create(path("kept"), 4L * BLOCK)) {
            await(file.write(BLOCK, written.buffer()));
        }
        Memory read = buffer(3);
        try (IoFile file = engine.open(path("kept"))) {
            assertThat(file.sizeBytes()).isEqualTo(4L * BLOCK);
            await(file.read(BLOCK, read.buffer()));
        }
        assertThat(read.bytes().mismatch(written.bytes())).isEqualTo(-1);
    }

    @Test
    void disjointExtentsMayBeUnderWayTogether() throws Exception {
        Random random = new Random(42);
        int extents = 64;
        List<Memory> written = new ArrayList<>();
        List<Memory> read = new ArrayList<>();
        try (IoFile file = engine.create(path("parallel"), 2L * extents * BLOCK)) {
            List<CompletableFuture<?>> writes = new ArrayList<>();
            for (int i = 0; i < extents; i++) {
                written.add(randomBuffer(2, random));
                read.add(buffer(2));
                writes.add(file.write(2L * i * BLOCK, written.get(i).buffer()));
            }
            // each read starts when its own write has ended, while others are still under way
            List<CompletableFuture<?>> reads = new ArrayList<>();
            for (int i = 0; i < extents; i++) {
                int extent = i;
                reads.add(writes.get(i)
                        .thenCompose(_ ->
                                file.read(2L * extent * BLOCK, read.get(extent).buffer())));
            }
            await(CompletableFuture.allOf(reads.toArray(CompletableFuture<?>[]::new)));
        }
        for (int i = 0; i < extents; i++) {
            assertThat(read.get(i).bytes().mismatch(written.get(i).bytes()))
                    .as("extent %d", i)
                    .isEqualTo(-1);
        }
    }

    @Test
    void refusesWhatIsNotAligned() throws Exception {
        Memory buffer = buffer(1);
        Buffer empty = buffer.slice(0, 0);
        try (IoFile file = engine.create(path("aligned"), 4L * BLOCK)) {
            for (long offset : new long[] {-BLOCK, -1, 1, 512, 4096, BLOCK - 1, BLOCK + 4096}) {
                assertMistake(() -> file.read(offset, buffer.buffer()));
                assertMistake(() -> file.write(offset, buffer.buffer()));
            }
            assertMistake(() -> file.read(0, empty));
            assertMistake(() -> file.write(0, empty));
            assertMistake(() -> file.read(Long.MAX_VALUE - BLOCK + 1, buffer.buffer()));
        }
        for (long size : new long[] {Long.MIN_VALUE, -BLOCK, 0, 1, 4096, BLOCK + 1}) {
            assertMistake(() -> engine.create(path("size"), size));
        }
        assertThat(path("size")).doesNotExist();
    }

    @Test
    void aWriteDoesNotMakeAFileLonger() throws Exception {
        Memory buffer = buffer(2);
        try (IoFile file = engine.create(path("full"), 4L * BLOCK)) {
            assertMistake(() -> file.write(3L * BLOCK, buffer.buffer()));
            assertMistake(() -> file.write(4L * BLOCK, buffer.buffer()));
        }
        assertThat(Files.size(path("full"))).isEqualTo(4L * BLOCK);
    }

    @Test
    void aReadPastTheEndIsShort() throws Exception {
        Memory buffer = buffer(2);
        try (IoFile file = engine.create(path("short"), 3L * BLOCK)) {
            assertFails(file.read(2L * BLOCK, buffer.buffer()), Kind.SHORT);
            assertFails(file.read(3L * BLOCK, buffer.buffer()), Kind.SHORT);
            assertFails(file.read(300L * BLOCK, buffer.buffer()), Kind.SHORT);
            await(file.read(BLOCK, buffer.buffer()));
        }
    }

    @Test
    void aFileThatEndsInsideABlockIsShort() throws Exception {
        Files.write(path("torn"), new byte[2 * BLOCK + 5000]);
        try (IoFile file = engine.open(path("torn"))) {
            assertThat(file.sizeBytes()).isEqualTo(2L * BLOCK + 5000);
            assertFails(file.read(2L * BLOCK, buffer(1).buffer()), Kind.SHORT);
            assertFails(file.read(0, buffer(3).buffer()), Kind.SHORT);
            await(file.read(0, buffer(2).buffer()));
        }
    }

    @Test
    void namesWhatIsMissingOrTaken() throws Exception {
        assertThatThrownBy(() -> engine.open(path("none"))).satisfies(failure(Kind.NOT_FOUND));
        assertThatThrownBy(() -> engine.create(path("none/none"), BLOCK)).satisfies(failure(Kind.NOT_FOUND));
        engine.create(path("taken"), 2L * BLOCK).close();
        assertThatThrownBy(() -> engine.create(path("taken"), BLOCK)).satisfies(failure(Kind.EXISTS));
        assertThat(Files.size(path("taken"))).as("untouched").isEqualTo(2L * BLOCK);
    }

    @Test
    void aFileThatDoesNotFitIsNotLeftBehind() throws Exception {
        long tooLarge = Blocks.roundUp(engine.facts(directory.path()).totalBytes()) + BLOCK;
        assertThatThrownBy(() -> engine.create(path("huge"), tooLarge)).satisfies(failure(Kind.NO_SPACE));
        assertThat(directory.files()).isEmpty();
    }

    @Test
    void knowsTheFileSystem() throws Exception {
        var facts = engine.facts(directory.path());
        assertThat(facts.type()).isNotBlank();
        assertThat(facts.totalBytes())
                .isEqualTo(Files.getFileStore(directory.path()).getTotalSpace());
        assertThat(facts.availableBytes()).isBetween(1L, facts.totalBytes());
        assertThatThrownBy(() -> engine.facts(path("none"))).satisfies(failure(Kind.NOT_FOUND));
    }

    @Test
    void aClosedFileRefuses() throws Exception {
        IoFile file = engine.create(path("closed"), BLOCK);
        file.close();
        file.close();
        assertFails(file.read(0, buffer(1).buffer()), Kind.CLOSED);
        assertFails(file.write(0, buffer(1).buffer()), Kind.CLOSED);
    }

    @Test
    void aClosedEngineRefuses() throws Exception {
        try (IoFile file = engine.create(path("late"), BLOCK)) {
            engine.close();
            engine.close();
            assertFails(file.read(0, buffer(1).buffer()), Kind.CLOSED);
            assertFails(file.write(0, buffer(1).buffer()), Kind.CLOSED);
            assertThatThrownBy(() -> engine.open(path("late"))).satisfies(failure(Kind.CLOSED));
            assertThatThrownBy(() -> engine.create(path("later"), BLOCK)).satisfies(failure(Kind.CLOSED));
        }
    }

    @Test
    void closingAFileLetsWhatIsUnderWayEnd() throws Exception {
        for (long seed = 1; seed <= 5; seed++) {
            Random random = new Random(seed);
            int extents = 32;
            Memory written = randomBuffer(extents, random);
            List<CompletableFuture<Void>> writes = new ArrayList<>();
            Path path = path("busy-" + seed);
            try (IoFile file = engine.create(path, (long) extents * BLOCK)) {
                for (int i = 0; i < extents; i++) {
                    writes.add(file.write((long) i * BLOCK, written.slice((long) i * BLOCK, BLOCK)));
                }
            }
            // all were accepted before the close, so all must have been carried out
            for (CompletableFuture<Void> write : writes) {
                await(write);
            }
            MemorySegment whole = MemorySegment.ofArray(Files.readAllBytes(path));
            assertThat(whole.mismatch(written.bytes())).as("seed %d", seed).isEqualTo(-1);
        }
    }

    /** What counts against a capacity is blocks, not sizes: a layer that forgets to ask the one below would answer the size. */
    @Test
    void holesTakeNoDisk() throws Exception {
        Path sparse = path("sparse");
        Files.write(sparse, new byte[] {1});
        try (FileChannel channel = FileChannel.open(sparse, StandardOpenOption.WRITE)) {
            int written = channel.write(ByteBuffer.wrap(new byte[] {1}), 64L * BLOCK);
            assertThat(written).isEqualTo(1);
        }
        assertThat(engine.allocatedBytes(sparse)).isBetween(1L, 8L * BLOCK);
    }

    @Test
    void closingAFileRacesWithItsUsers() throws Exception {
        for (int round = 0; round < 20; round++) {
            IoFile file = engine.create(path("race-" + round), BLOCK);
            Memory buffer = buffer(1);
            CompletableFuture<List<CompletableFuture<Void>>> user = CompletableFuture.supplyAsync(() -> {
                List<CompletableFuture<Void>> reads = new ArrayList<>();
                while (reads.isEmpty() || !reads.getLast().isCompletedExceptionally()) {
                    reads.add(file.read(0, buffer.buffer()));
                }
                return reads;
            });
            file.close();
            for (CompletableFuture<Void> read : user.get(30, SECONDS)) {
                Throwable failure = failureOf(read);
                if (failure != null) {
                    assertThat(failure).satisfies(failure(Kind.CLOSED));
                }
            }
        }
    }

    @Test
    void nobodyButTheEngineCompletesAnOperation() throws Exception {
        try (IoFile file = engine.create(path("own"), 256L * BLOCK)) {
            Memory buffer = buffer(256);
            CompletableFuture<Void> read = file.read(0, buffer.buffer());
            assertThat(read.cancel(true)).isFalse();
            assertThat(read.completeExceptionally(new IOException("not yours"))).isFalse();
            CompletableFuture<Void> limited = read.orTimeout(1, TimeUnit.NANOSECONDS);
            assertThat(limited).isNotSameAs(read);
            await(read);
        }
    }

    private Path path(String name) {
        return directory.path().resolve(name);
    }

    /** The memory under test: of the host, unless the engine is one of another kind. */
    protected Memory allocate(long sizeBytes) {
        return new HostMemory(new HostBuffer(arena.allocate(sizeBytes, BLOCK)));
    }

    /** Memory that an engine moves, and what a test does with it beside. */
    public interface Memory {
        /** All of it. */
        Buffer buffer();

        /** A part of it. */
        Buffer slice(long offset, long sizeBytes);

        /** What is in it now. */
        MemorySegment bytes();

        /** Puts as many bytes into it as it has. */
        void fill(byte[] bytes);
    }

    private record HostMemory(HostBuffer buffer) implements Memory {
        @Override
        public Buffer slice(long offset, long sizeBytes) {
            return buffer.slice(offset, sizeBytes);
        }

        @Override
        public MemorySegment bytes() {
            return buffer.memory();
        }

        @Override
        public void fill(byte[] bytes) {
            MemorySegment.copy(bytes, 0, buffer.memory(), ValueLayout.JAVA_BYTE, 0, bytes.length);
        }
    }

    private Memory buffer(long blocks) {
        return allocate(blocks * BLOCK);
    }

    private Memory randomBuffer(long blocks, Random random) {
        Memory memory = buffer(blocks);
        byte[] bytes = new byte[Math.toIntExact(blocks * BLOCK)];
        random.nextBytes(bytes);
        memory.fill(bytes);
        return memory;
    }

    private static void await(CompletableFuture<?> operation) throws Exception {
        operation.get(30, SECONDS);
    }

    private static @Nullable Throwable failureOf(CompletableFuture<?> operation) throws Exception {
        try {
            await(operation);
            return null;
        } catch (ExecutionException e) {
            return e.getCause();
        }
    }

    private static void assertFails(CompletableFuture<Void> operation, Kind kind) throws Exception {
        assertThat(failureOf(operation)).satisfies(failure(kind));
    }

    private static void assertMistake(ThrowingCallable call) {
        assertThatThrownBy(call).isInstanceOf(IllegalArgumentException.class);
    }

    private static Consumer<Throwable> failure(Kind kind) {
        return thrown -> assertThat(thrown)
                .asInstanceOf(throwable(IoFailure.class))
                .extracting(IoFailure::kind)
                .isEqualTo(kind);
    }
}
