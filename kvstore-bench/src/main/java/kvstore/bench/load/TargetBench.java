package kvstore.bench.load;

import com.google.common.base.Stopwatch;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import kvstore.api.Blocks;
import kvstore.api.ChunkKey;
import kvstore.bench.ChunkMover;
import kvstore.bench.ChunkMover.Loaded;
import kvstore.bench.ChunkMover.Stored;
import kvstore.bench.CleanUp;
import kvstore.bench.Throughput;
import kvstore.client.Chunk;
import kvstore.client.KvStoreClient;
import kvstore.client.cli.CommandFailure;
import kvstore.client.cli.ExitCode;
import kvstore.client.cli.Json;
import kvstore.client.cli.Table;
import kvstore.client.cli.Words;
import kvstore.lustre.NativeMemory;

/**
 * A bounded load on a daemon that others use: waves of chunks are stored, loaded, compared and deleted, with a pause after each
 * so that no more moves than was allowed. Its keys are its own, and none of them is left, also after Ctrl-C.
 */
final class TargetBench {
    private static final int KEYS_PER_CALL = 100;

    private final KvStoreClient client;
    private final Load load;

    /**
     * How much.
     *
     * @param chunkBytes a multiple of 8
     * @param inFlight chunks in a wave, handed over at a time
     * @param time when no further wave begins
     * @param bytesPerSecond what is stored and what is loaded, each, on average
     */
    record Load(long chunkBytes, int inFlight, Duration time, long bytesPerSecond) {
        Load {
            if (chunkBytes < 8 || chunkBytes % 8 != 0) {
                throw new IllegalArgumentException("--size has to be a multiple of 8 bytes, not " + chunkBytes);
            }
            if (inFlight < 1 || inFlight > 1024) {
                throw new IllegalArgumentException("--in-flight is 1 to 1024, not " + inFlight);
            }
        }
    }

    /**
     * What came of it.
     *
     * @param notStored chunks that were refused
     * @param missed of those that were stored, chunks that could not be loaded
     */
    record Report(Throughput stored, Throughput loaded, long chunks, long notStored, long missed, Duration took) {
        String text() {
            return new Table()
                    .add("stored", chunks - notStored, rate(stored))
                    .add("loaded", chunks - notStored - missed, rate(loaded))
                    .add("refused", notStored, "")
                    .add("missed", missed, "")
                    .add("took", "%.1f s".formatted(took.toMillis() / 1e3), "")
                    .toString();
        }

        String json() {
            return Json.write(Json.object(
                    "chunks", chunks,
                    "stored_bytes", stored.bytes(),
                    "stored_bytes_per_second", bytesPerSecond(stored),
                    "loaded_bytes", loaded.bytes(),
                    "loaded_bytes_per_second", bytesPerSecond(loaded),
                    "refused", notStored,
                    "missed", missed,
                    "millis", took.toMillis()));
        }

        private static String rate(Throughput moved) {
            return "%s, %s/s while it moved".formatted(Words.size(moved.bytes()), Words.size(bytesPerSecond(moved)));
        }

        private static long bytesPerSecond(Throughput moved) {
            long nanos = moved.elapsed().toNanos();
            return nanos == 0 ? 0 : (long) (1e9 * moved.bytes() / nanos);
        }
    }

    TargetBench(KvStoreClient client, Load load) {
        this.client = client;
        this.load = load;
    }

    Report run(CleanUp cleanUp) throws InterruptedException {
        ChunkMover mover = new ChunkMover(client, load.inFlight());
        long slotBytes = Blocks.roundUp(load.chunkBytes());
        Report report = new Report(Throughput.NONE, Throughput.NONE, 0, 0, 0, Duration.ZERO);
        Stopwatch watch = Stopwatch.createStarted();
        try (NativeMemory memory = NativeMemory.map(load.inFlight() * slotBytes)) {
            List<Chunk> wave = wave(memory.segment(), slotBytes);
            List<ChunkKey> keys = wave.stream().map(Chunk::key).toList();
            cleanUp.add(() -> delete(keys));
            do {
                report = add(report, mover, wave, watch);
                delete(keys);
                pause(report, watch);
            } while (watch.elapsed().compareTo(load.time()) < 0);
        }
        return report;
    }

    private Report add(Report before, ChunkMover mover, List<Chunk> wave, Stopwatch watch) {
        Stored stored = mover.store(wave, _ -> {});
        List<Chunk> there = IntStream.range(0, wave.size())
                .filter(i -> stored.results().get(i).isStored())
                .mapToObj(wave::get)
                .toList();
        Loaded loaded = there.isEmpty() ? Loaded.NONE : mover.load(there, _ -> {});
        if (loaded.right() < loaded.hits()) {
            throw new CommandFailure(
                    ExitCode.WRONG_DATA,
                    "%d of %d chunks came back other than they were stored"
                            .formatted(loaded.hits() - loaded.right(), loaded.hits()));
        }
        return new Report(
                before.stored().plus(stored.throughput()),
                before.loaded().plus(loaded.throughput()),
                before.chunks() + wave.size(),
                before.notStored() + wave.size() - there.size(),
                before.missed() + there.size() - loaded.hits(),
                watch.elapsed());
    }

    /** Until as much time has passed as what was moved may take. */
    private void pause(Report report, Stopwatch watch) throws InterruptedException {
        double dueNanos =
                1e9 * Math.max(report.stored().bytes(), report.loaded().bytes()) / load.bytesPerSecond();
        long leftNanos = (long) dueNanos - watch.elapsed(TimeUnit.NANOSECONDS);
        long untilEndNanos = load.time().minus(watch.elapsed()).toNanos();
        TimeUnit.NANOSECONDS.sleep(Math.max(0, Math.min(leftNanos, untilEndNanos)));
    }

    private List<Chunk> wave(MemorySegment memory, long slotBytes) {
        String run = "kvstore-bench@" + UUID.randomUUID();
        List<Chunk> wave = new ArrayList<>();
        for (int slot = 0; slot < load.inFlight(); slot++) {
            wave.add(new Chunk(ChunkKey.of(run + "@" + slot), memory.asSlice(slot * slotBytes, load.chunkBytes())));
        }
        return wave;
    }

    private void delete(List<ChunkKey> keys) {
        for (int from = 0; from < keys.size(); from += KEYS_PER_CALL) {
            var _ = client.delete(keys.subList(from, Math.min(keys.size(), from + KEYS_PER_CALL)));
        }
    }
}
