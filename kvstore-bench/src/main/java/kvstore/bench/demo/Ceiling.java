package kvstore.bench.demo;

import com.google.common.base.Stopwatch;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.stream.IntStream;
import kvstore.api.HostBuffer;
import kvstore.api.IoFailure;
import kvstore.api.IoFile;
import kvstore.api.IoPath;
import kvstore.bench.InFlight;
import kvstore.bench.Throughput;
import kvstore.client.cli.CommandFailure;
import kvstore.client.cli.ExitCode;
import kvstore.client.cli.Progress;
import kvstore.lustre.EngineConfig;
import kvstore.lustre.PosixEngine;

/**
 * What the disk gives without a daemon: one plain file a chunk, written and read with the engine that the daemon uses, no
 * network, no checksum, no index. Creating the files is not counted.
 *
 * @param path the way the bytes took
 */
record Ceiling(Throughput write, Throughput read, IoPath path) {
    /** One operation: what the daemon moves at a time too. */
    private static final long PIECE_BYTES = 16L << 20;

    /** A part of one file, and where its bytes are. */
    private record Piece(IoFile file, long offset, HostBuffer buffer) {}

    /**
     * Writes and reads.
     *
     * @param directory gets a file for each chunk; they stay
     * @param window what is written, and read into; the files take it in turns
     * @param inFlight most pieces under way at a time
     */
    static Ceiling measure(
            Path directory, int files, long fileBytes, MemorySegment window, int inFlight, Progress progress) {
        try {
            Files.createDirectory(directory);
            try (PosixEngine engine = PosixEngine.open(EngineConfig.defaults(), directory)) {
                List<IoFile> open = new ArrayList<>();
                try {
                    for (int i = 0; i < files; i++) {
                        open.add(engine.create(directory.resolve("chunk-" + i), fileBytes));
                    }
                    List<Piece> pieces = pieces(open, fileBytes, window);
                    Throughput write = time(
                            "plain write",
                            pieces,
                            inFlight,
                            progress,
                            piece -> piece.file().write(piece.offset(), piece.buffer()));
                    Throughput read = time(
                            "plain read",
                            pieces,
                            inFlight,
                            progress,
                            piece -> piece.file().read(piece.offset(), piece.buffer()));
                    return new Ceiling(write, read, engine.path());
                } finally {
                    open.forEach(IoFile::close);
                }
            }
        } catch (IoFailure e) {
            throw new CommandFailure(ExitCode.FAILED, "plain files: " + e.getMessage(), e);
        } catch (java.io.IOException e) {
            throw new CommandFailure(ExitCode.FAILED, "plain files: " + e, e);
        }
    }

    private static List<Piece> pieces(List<IoFile> files, long fileBytes, MemorySegment window) {
        HostBuffer memory = new HostBuffer(window);
        int slots = Math.toIntExact(window.byteSize() / fileBytes);
        List<Piece> pieces = new ArrayList<>();
        for (int file : IntStream.range(0, files.size()).toArray()) {
            for (long offset = 0; offset < fileBytes; offset += PIECE_BYTES) {
                long length = Math.min(PIECE_BYTES, fileBytes - offset);
                pieces.add(
                        new Piece(files.get(file), offset, memory.slice((file % slots) * fileBytes + offset, length)));
            }
        }
        return pieces;
    }

    private static Throughput time(
            String what,
            List<Piece> pieces,
            int inFlight,
            Progress progress,
            Function<Piece, CompletableFuture<Void>> operation) {
        long bytes =
                pieces.stream().mapToLong(piece -> piece.buffer().sizeBytes()).sum();
        try (Progress.Step step = progress.moving(what, bytes)) {
            Stopwatch stopwatch = Stopwatch.createStarted();
            var _ = InFlight.run(
                    pieces,
                    inFlight,
                    operation,
                    piece -> step.advance(piece.buffer().sizeBytes()));
            return new Throughput(bytes, stopwatch.elapsed());
        }
    }
}
