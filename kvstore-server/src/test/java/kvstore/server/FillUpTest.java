package kvstore.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.stream.Stream;
import kvstore.lustre.EngineConfig;
import kvstore.lustre.EngineConfig.DirectMode;
import kvstore.lustre.PosixEngine;
import kvstore.v1.PutReason;
import kvstore.v1.PutResponse;
import kvstore.v1.PutStatus;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A daemon on a real, small file system that another program fills and leaves again. Needs root, to mount it. */
@Tag("long")
@Timeout(120)
final class FillUpTest {
    private static final long MIB = 1 << 20;
    private static final long FILE_SYSTEM_BYTES = 800 * MIB;
    private static final long CAPACITY_BYTES = 512 * MIB;
    private static final int LENGTH = (int) (4 * MIB);
    private static final Duration LIMIT = Duration.ofSeconds(60);

    @TempDir
    Path directory;

    private int puts;

    @Test
    void onExt4() throws Exception {
        try (SmallFileSystem small = SmallFileSystem.ext4(directory, FILE_SYSTEM_BYTES)) {
            fillUp(small.path());
        }
    }

    @Test
    void onTmpfs() throws Exception {
        try (SmallFileSystem small = SmallFileSystem.tmpfs(directory, FILE_SYSTEM_BYTES)) {
            fillUp(small.path());
        }
    }

    @Test
    void theFloorHoldsOnExt4() throws Exception {
        long floor = 100 * MIB;
        try (SmallFileSystem small = SmallFileSystem.ext4(directory, FILE_SYSTEM_BYTES);
                PosixEngine engine = engine(small.path());
                DaemonUnderTest daemon = daemon(small.path().resolve("pool"), floor)) {
            GeneratedStubs stubs = new GeneratedStubs(daemon.tcp());
            putUntilFull(stubs, engine, small.path());
            double evicted = evictions(daemon, "floor");
            // Others take as much as leaves half of the floor.
            grow(small.path().resolve("others"), engine.facts(small.path()).availableBytes() - floor / 2);
            Awaitility.await()
                    .atMost(LIMIT)
                    .until(() -> engine.facts(small.path()).availableBytes() >= floor);
            assertThat(evictions(daemon, "floor")).isGreaterThan(evicted);
            assertThat(put(stubs).getStatus()).isEqualTo(PutStatus.PUT_STATUS_STORED);
            assertNewestIsThere(stubs);
            assertThat(engine.facts(small.path()).availableBytes()).isGreaterThanOrEqualTo(floor);
            long shrunk = used(engine, small.path());

            Files.delete(small.path().resolve("others"));
            putUntilFull(stubs, engine, small.path());
            assertThat(used(engine, small.path())).isGreaterThan(shrunk);
            Awaitility.await().atMost(LIMIT).until(() -> state(daemon, "ok") == 1);
        }
    }

    private void fillUp(Path small) throws Exception {
        Path others = small.resolve("others");
        try (PosixEngine engine = engine(small);
                DaemonUnderTest daemon = daemon(small.resolve("pool"), 0)) {
            GeneratedStubs stubs = new GeneratedStubs(daemon.tcp());
            putUntilFull(stubs, engine, small);
            PutResponse answer = put(stubs);
            for (int i = 0; i < 500 && answer.getStatus() == PutStatus.PUT_STATUS_STORED; i++) {
                grow(others, Long.MAX_VALUE); // takes what the store gives back, too
                answer = put(stubs);
                assertThat(used(engine, small)).isLessThanOrEqualTo(CAPACITY_BYTES);
            }
            assertThat(answer.getStatus()).isEqualTo(PutStatus.PUT_STATUS_SHED);
            assertThat(answer.getReason()).isEqualTo(PutReason.PUT_REASON_NO_SPACE);
            assertThat(state(daemon, "full")).isEqualTo(1);
            assertThat(evictions(daemon, "no_space")).isGreaterThan(0);
            puts--;
            assertNewestIsThere(stubs);

            Files.delete(others);
            Awaitility.await().atMost(LIMIT).until(() -> put(stubs).getStatus() == PutStatus.PUT_STATUS_STORED);
            Awaitility.await().atMost(LIMIT).until(() -> state(daemon, "ok") == 1);
            putUntilFull(stubs, engine, small);
            assertNewestIsThere(stubs);
        }
        try (PosixEngine engine = engine(small);
                DaemonUnderTest daemon = daemon(small.resolve("pool"), 0)) {
            GeneratedStubs stubs = new GeneratedStubs(daemon.tcp());
            assertNewestIsThere(stubs);
            assertThat(daemon.metric("kvstore_store_used_bytes"))
                    .isBetween((double) used(engine, small), (double) CAPACITY_BYTES);
        }
    }

    /** Not a byte is free: the oldest segment goes, everything else is served, and puts go on. */
    @Test
    void aStartOnACompletelyFullDisk() throws Exception {
        try (SmallFileSystem small = SmallFileSystem.ext4(directory, FILE_SYSTEM_BYTES)) {
            Path pool = small.path().resolve("pool");
            try (PosixEngine engine = engine(small.path());
                    DaemonUnderTest daemon = daemon(pool, 0)) {
                putUntilFull(new GeneratedStubs(daemon.tcp()), engine, small.path());
            }
            Path others = small.path().resolve("others");
            grow(others, Long.MAX_VALUE);
            growByBytes(others);
            assertThat(Files.getFileStore(small.path()).getUsableSpace()).isLessThan(64 << 10);
            try (DaemonUnderTest daemon = daemon(pool, 0)) {
                GeneratedStubs stubs = new GeneratedStubs(daemon.tcp());
                assertNewestIsThere(stubs);
                Awaitility.await().atMost(LIMIT).until(() -> put(stubs).getStatus() == PutStatus.PUT_STATUS_STORED);
                assertNewestIsThere(stubs);
            }
        }
    }

    /** The last bytes that {@link #grow} left. */
    private static void growByBytes(Path file) {
        ByteBuffer piece = ByteBuffer.allocateDirect(4096);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.APPEND)) {
            while (channel.write(piece.clear()) > 0) {
                channel.force(true);
            }
        } catch (IOException _) {
            // no space left
        }
    }

    private static DaemonUnderTest daemon(Path pool, long floorBytes) throws StartException {
        return DaemonUnderTest.start(
                pool,
                "data.capacity=" + CAPACITY_BYTES,
                "data.segment-size=64MiB",
                "data.max-value-size=16MiB",
                "capacity.free-space-floor=" + floorBytes);
    }

    private static PosixEngine engine(Path directory) throws IOException {
        return PosixEngine.open(new EngineConfig(1, 1, DirectMode.AUTO), directory);
    }

    /** Stores so much that eviction has to begin. */
    private void putUntilFull(GeneratedStubs stubs, PosixEngine engine, Path small) throws IOException {
        for (long bytes = 0; bytes < CAPACITY_BYTES + 64 * MIB; bytes += LENGTH) {
            assertThat(put(stubs).getStatus()).isEqualTo(PutStatus.PUT_STATUS_STORED);
            assertThat(used(engine, small)).isLessThanOrEqualTo(CAPACITY_BYTES);
        }
    }

    private PutResponse put(GeneratedStubs stubs) {
        puts++;
        return stubs.put("k" + puts, Payloads.bytes("k" + puts, LENGTH));
    }

    private void assertNewestIsThere(GeneratedStubs stubs) {
        ByteString expected = Payloads.bytes("k" + puts, LENGTH);
        assertThat(stubs.get("k" + puts).data()).isEqualTo(expected);
    }

    /** Another program writes so much, or until there is no space. */
    private static void grow(Path file, long bytes) {
        ByteBuffer piece = ByteBuffer.allocateDirect((int) MIB);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
            for (long written = 0; written < bytes; written += MIB) {
                channel.write(piece.clear());
            }
            channel.force(true);
        } catch (IOException _) {
            // no space left
        }
    }

    /** What the node's directory really takes, as {@code du} says. */
    private static long used(PosixEngine engine, Path small) throws IOException {
        try (Stream<Path> all = Files.walk(small.resolve("pool/nodes/test"))) {
            long sum = 0;
            for (Path path : (Iterable<Path>) all::iterator) {
                sum += Files.exists(path) ? engine.allocatedBytes(path) : 0;
            }
            return sum;
        } catch (NoSuchFileException | UncheckedIOException _) {
            return used(engine, small); // something was evicted meanwhile
        }
    }

    private static double evictions(DaemonUnderTest daemon, String trigger) {
        return Scrape.of(daemon).gauge("kvstore_store_evictions_total", "trigger=\"" + trigger + "\"");
    }

    private static double state(DaemonUnderTest daemon, String state) {
        return Scrape.of(daemon).gauge("kvstore_store_capacity_state", "state=\"" + state + "\"");
    }
}
