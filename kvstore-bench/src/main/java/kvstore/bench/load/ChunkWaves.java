package kvstore.bench.load;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.stream.IntStream;
import kvstore.api.Blocks;
import kvstore.api.ChunkKey;
import kvstore.bench.ChunkMover;
import kvstore.bench.ChunkMover.Loaded;
import kvstore.bench.ChunkMover.Stored;
import kvstore.bench.Throughput;
import kvstore.client.Chunk;
import kvstore.client.cli.CommandFailure;
import kvstore.client.cli.ExitCode;

/**
 * The chunks of one round, in waves of as many as are in flight. As LMCache's tool does, one wave goes before those that
 * count.
 */
final class ChunkWaves {
    private final List<List<Chunk>> waves;

    /** @param memory of {@link #memoryBytes}; all waves share it */
    ChunkWaves(LoadPlan plan, long chunkBytes, MemorySegment memory) {
        long slotBytes = Blocks.roundUp(chunkBytes);
        waves = IntStream.rangeClosed(0, plan.waves())
                .mapToObj(wave -> IntStream.range(0, plan.inFlight())
                        .mapToObj(slot -> new Chunk(
                                ChunkKey.of("bench@%d@%d@%d".formatted(chunkBytes, wave, slot)),
                                memory.asSlice(slot * slotBytes, chunkBytes)))
                        .toList())
                .toList();
    }

    static long memoryBytes(LoadPlan plan, long chunkBytes) {
        return plan.inFlight() * Blocks.roundUp(chunkBytes);
    }

    void warmUp(ChunkMover mover) {
        var _ = move(mover, waves.subList(0, 1));
    }

    /** @throws CommandFailure if bytes come back wrong */
    Sample move(ChunkMover mover) {
        return move(mover, waves.subList(1, waves.size()));
    }

    private static Sample move(ChunkMover mover, List<List<Chunk>> waves) {
        Throughput store = Throughput.NONE;
        Loaded load = Loaded.NONE;
        long notStored = 0;
        long chunks = 0;
        for (List<Chunk> wave : waves) {
            Stored stored = mover.store(wave, _ -> {});
            store = store.plus(stored.throughput());
            notStored += stored.results().stream()
                    .filter(result -> !result.isStored())
                    .count();
            chunks += wave.size();
        }
        for (List<Chunk> wave : waves) {
            load = load.plus(mover.load(wave, _ -> {}));
        }
        if (load.right() < load.hits()) {
            throw new CommandFailure(
                    ExitCode.WRONG_DATA,
                    "%d of %d chunks came back other than they were stored"
                            .formatted(load.hits() - load.right(), load.hits()));
        }
        return new Sample(store, load.throughput(), Math.toIntExact(notStored + chunks - load.hits()));
    }
}
