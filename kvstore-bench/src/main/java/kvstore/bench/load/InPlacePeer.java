package kvstore.bench.load;

import java.time.Duration;
import java.util.Optional;
import java.util.OptionalDouble;
import kvstore.bench.ChunkMover;
import kvstore.client.SharedRegion;
import kvstore.client.cli.CommandFailure;
import kvstore.client.cli.ExitCode;

/** The daemon by way of memory that it shares with its client: no payload in messages, no copy. */
final class InPlacePeer implements Peer {
    private final BenchDaemon daemon;
    private Duration processor = Duration.ZERO;
    private long payloadBytes;

    InPlacePeer(BenchDaemon daemon) {
        this.daemon = daemon;
    }

    @Override
    public String name() {
        return "in place";
    }

    @Override
    public Optional<String> missing() {
        return Optional.empty();
    }

    /** What the daemon took of one core for 10<sup>9</sup> bytes, checksums included; empty if it was not measured. */
    OptionalDouble coreSecondsPerGigabyte() {
        return processor.isZero() || payloadBytes == 0
                ? OptionalDouble.empty()
                : OptionalDouble.of(processor.toNanos() / (double) payloadBytes);
    }

    @Override
    public Sample measure(LoadPlan plan, long chunkBytes) {
        try (SharedRegion region = daemon.client().shareMemory(ChunkWaves.memoryBytes(plan, chunkBytes))) {
            ChunkWaves waves = new ChunkWaves(plan, chunkBytes, region.memory());
            ChunkMover mover = new ChunkMover(region, plan.inFlight());
            waves.warmUp(mover);
            Duration before = daemon.processorTime();
            Sample sample = waves.move(mover);
            processor = processor.plus(daemon.processorTime()).minus(before);
            payloadBytes += sample.store().bytes() + sample.load().bytes();
            return sample;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CommandFailure(ExitCode.FAILED, "interrupted", e);
        } finally {
            daemon.forgetAll();
        }
    }
}
