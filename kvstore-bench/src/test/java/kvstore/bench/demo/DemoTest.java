package kvstore.bench.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import kvstore.bench.CleanUp;
import kvstore.bench.TestLauncher;
import kvstore.client.cli.CommandFailure;
import kvstore.client.cli.ExitCode;
import kvstore.client.cli.Progress;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** With a real daemon as a child process, and chunks of 1 MiB. */
final class DemoTest {
    private static final ModelShape TINY = new ModelShape("tiny", 1, 8, 128, 2, 256);
    private static final int CHUNKS = 6;
    private static final long SEED = 42;

    @TempDir
    private Path directory;

    private final StringWriter said = new StringWriter();

    @Test
    void storesAndLoadsBeforeAndAfterARestart() {
        try (CleanUp cleanUp = new CleanUp()) {
            Demo.Outcome outcome = demo(CHUNKS, cleanUp, _ -> {}).run(directory, false);

            DemoReport report = outcome.report();
            assertThat(report.verdict()).isEqualTo(ExitCode.OK);
            assertThat(List.of(report.first(), report.again())).allSatisfy(visit -> {
                assertThat(visit.lookup().found()).isEqualTo(CHUNKS);
                assertThat(visit.load().right()).isEqualTo(CHUNKS);
                assertThat(visit.load().throughput().bytes()).isEqualTo(CHUNKS * TINY.chunkBytes());
                assertThat(visit.start()).isPositive();
                assertThat(visit.lookup().time()).isPositive();
            });
            assertThat(report.ceiling().write().bytes()).isEqualTo(CHUNKS * TINY.chunkBytes());
            assertThat(report.ioPath()).isIn("odirect", "buffered");
            assertThat(outcome.directory().resolve("plain")).doesNotExist();
            assertThat(ProcessHandle.of(outcome.daemon().pid())).isPresent();
        }
        assertThat(directory).isEmptyDirectory();
        assertThat(said.toString()).contains("store", "restarting the daemon", "load again", "plain write");
    }

    @Test
    void noticesADamagedDisk() {
        try (CleanUp cleanUp = new CleanUp()) {
            DemoReport report = demo(CHUNKS, cleanUp, DemoTest::flipBitsInEverySegment)
                    .run(directory, false)
                    .report();

            assertThat(report.first().hits()).isEqualTo(CHUNKS);
            assertThat(report.again().hits()).isLessThan(CHUNKS);
            assertThat(report.again().wrong()).isZero();
            assertThat(report.verdict()).isEqualTo(ExitCode.NO);
        }
    }

    @Test
    void writesNothingWhereThereIsNotEnoughDisk() {
        try (CleanUp cleanUp = new CleanUp()) {
            Demo demo = new Demo(
                    Prompt.of(ModelShape.LLAMA_3_1_8B, 1_000_000_000 / 512, SEED),
                    TestLauncher.withLittleMemory(),
                    new Progress.Lines(new PrintWriter(said)),
                    cleanUp,
                    _ -> {});

            assertThatThrownBy(() -> demo.run(directory, false))
                    .isInstanceOf(CommandFailure.class)
                    .hasMessageContainingAll("is needed in " + directory, "--tokens", "--directory");
        }
        assertThat(directory).isEmptyDirectory();
        assertThat(said).hasToString("");
    }

    private Demo demo(int chunks, CleanUp cleanUp, Consumer<Path> whileDown) {
        return new Demo(
                Prompt.of(TINY, chunks * TINY.chunkTokens(), SEED),
                TestLauncher.withLittleMemory(),
                new Progress.Lines(new PrintWriter(said)),
                cleanUp,
                whileDown);
    }

    /** One in each piece of half a chunk, so that every chunk is hit wherever it lies. */
    private static void flipBitsInEverySegment(Path data) {
        try (Stream<Path> files = Files.walk(data)) {
            for (Path segment :
                    files.filter(file -> file.toString().endsWith(".seg")).toList()) {
                flipBits(segment);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void flipBits(Path segment) throws IOException {
        long step = TINY.chunkBytes() / 2;
        try (FileChannel file = FileChannel.open(segment, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            ByteBuffer one = ByteBuffer.allocate(1);
            for (long offset = step; offset < file.size() / 2; offset += step) {
                file.read(one.clear(), offset);
                one.put(0, (byte) (one.get(0) ^ 1));
                file.write(one.flip(), offset);
            }
        }
    }
}
