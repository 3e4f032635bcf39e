package kvstore.bench.load;

import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
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
import kvstore.lustre.NativeMemory;

/**
 * The daemon by way of the Java client: the wire without LMCache and Python around it. As LMCache's tool does, one wave of
 * chunks goes before those that count.
 */
final class ClientPeer implements Peer {
    private final BenchDaemon daemon;
    private long payloadBytes;
    private long allocatedBytes;

    ClientPeer(BenchDaemon daemon) {
        this.daemon = daemon;
    }

    @Override
    public String name() {
        return "client";
    }

    @Override
    public Optional<String> missing() {
        return Optional.empty();
    }

    /** Heap that the daemon allocated for each byte that went through it in all rounds so far; empty if it does not say. */
    OptionalDouble allocatedPerPayloadByte() {
        return allocatedBytes == 0 ? OptionalDouble.empty() : OptionalDouble.of((double) allocatedBytes / payloadBytes);
    }

    @Override
    public Sample measure(LoadPlan plan, long chunkBytes) {
        long slotBytes = Blocks.roundUp(chunkBytes);
        try (NativeMemory memory = NativeMemory.map(plan.inFlight() * slotBytes)) {
            List<List<Chunk>> waves = IntStream.rangeClosed(0, plan.waves())
                    .mapToObj(wave -> IntStream.range(0, plan.inFlight())
                            .mapToObj(slot -> new Chunk(
                                    ChunkKey.of("bench@%d@%d@%d".formatted(chunkBytes, wave, slot)),
                                    memory.segment().asSlice(slot * slotBytes, chunkBytes)))
                            .toList())
                    .toList();
            ChunkMover mover = new ChunkMover(daemon.client(), plan.inFlight());
            var _ = move(mover, waves.subList(0, 1));
            OptionalLong before = daemon.allocatedBytes();
            Sample sample = move(mover, waves.subList(1, waves.size()));
            count(before, daemon.allocatedBytes(), sample);
            return sample;
        } finally {
            daemon.forgetAll();
        }
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

    private void count(OptionalLong before, OptionalLong after, Sample sample) {
        if (before.isPresent() && after.isPresent()) {
            allocatedBytes += after.getAsLong() - before.getAsLong();
            payloadBytes += sample.store().bytes() + sample.load().bytes();
        }
    }
}
