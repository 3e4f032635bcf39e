package kvstore.bench.load;

import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import kvstore.bench.ChunkMover;
import kvstore.lustre.NativeMemory;

/**
 * The daemon by way of the Java client and messages: the wire without LMCache and Python around it.
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
        try (NativeMemory memory = NativeMemory.map(ChunkWaves.memoryBytes(plan, chunkBytes))) {
            ChunkWaves waves = new ChunkWaves(plan, chunkBytes, memory.segment());
            ChunkMover mover = new ChunkMover(daemon.client(), plan.inFlight());
            waves.warmUp(mover);
            OptionalLong before = daemon.allocatedBytes();
            Sample sample = waves.move(mover);
            count(before, daemon.allocatedBytes(), sample);
            return sample;
        } finally {
            daemon.forgetAll();
        }
    }

    private void count(OptionalLong before, OptionalLong after, Sample sample) {
        if (before.isPresent() && after.isPresent()) {
            allocatedBytes += after.getAsLong() - before.getAsLong();
            payloadBytes += sample.store().bytes() + sample.load().bytes();
        }
    }
}
