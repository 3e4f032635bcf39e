package kvstore.server.io;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.stream.Stream;
import kvstore.api.FileSystemFacts;
import kvstore.api.IoEngine;
import kvstore.api.IoFailure;
import kvstore.api.IoFile;
import kvstore.api.IoPath;
import org.jspecify.annotations.Nullable;

/**
 * An engine that is asked no more than it can do: see {@link Traffic}. What it refuses fails at once with
 * {@code UNAVAILABLE}, from {@link #guard} on.
 *
 * <p>As everywhere, a future completes when the engine has let go of the buffer, however long that takes. Whoever does not
 * want to wait that long stops to wait after {@link #operationTimeout}, and leaves the buffer alone.
 */
public final class GuardedEngine implements IoEngine {
    /** How long anybody waits to hear how full a file system is. */
    private static final Duration FACTS_TIMEOUT = Duration.ofSeconds(1);

    private final IoEngine engine;
    private final GuardConfig config;
    private final LongSupplier nanoTime;
    private final Traffic traffic;
    private final Map<Path, CompletableFuture<FileSystemFacts>> asked = new ConcurrentHashMap<>();
    private Optional<DiskWatch> watch = Optional.empty();

    /** Closes {@code engine} with itself. */
    public GuardedEngine(IoEngine engine, GuardConfig config) {
        this(engine, config, System::nanoTime);
    }

    GuardedEngine(IoEngine engine, GuardConfig config, LongSupplier nanoTime) {
        this.engine = engine;
        this.config = config;
        this.nanoTime = nanoTime;
        this.traffic = new Traffic(config, nanoTime);
    }

    /**
     * Refuses from now on what a disk that does not answer would keep waiting. Once, when the store is recovered.
     *
     * @param probeFile a name beside the segments that is free for a small file
     * @param readable hears when reads are no longer served, and when they are again; returns at once
     */
    public void guard(Path probeFile, Consumer<Boolean> readable) {
        DiskWatch started = new DiskWatch(traffic, new DiskProbe(engine, probeFile, traffic), readable);
        traffic.arm();
        watch = Optional.of(started);
        started.start(config.probeInterval());
    }

    /** How long to wait for one read or write at most. */
    public Duration operationTimeout() {
        return config.operationTimeout();
    }

    /**
     * Whether a read of so many bytes should not begin. Does not block for longer than {@code wait}.
     *
     * @param wait how long to wait while too much is in line
     * @param deadlineNanos when the caller stops waiting, by {@link System#nanoTime}; empty if it never does
     * @return why not; null if it should
     */
    public @Nullable Refusal admitRead(long bytes, Duration wait, Optional<Long> deadlineNanos)
            throws InterruptedException {
        long leftNanos =
                deadlineNanos.map(deadline -> deadline - nanoTime.getAsLong()).orElse(Long.MAX_VALUE);
        return traffic.admit(traffic.reads(), bytes, wait.toNanos(), leftNanos);
    }

    /** The same for a write, whose caller always waits to its end. */
    public @Nullable Refusal admitWrite(long bytes, Duration wait) throws InterruptedException {
        return traffic.admit(traffic.writes(), bytes, wait.toNanos(), Long.MAX_VALUE);
    }

    /** How reads do. */
    public FlowStats reads() {
        return traffic.stats(traffic.reads());
    }

    /** How writes do. */
    public FlowStats writes() {
        return traffic.stats(traffic.writes());
    }

    /** Why reads are not served; empty while they are. */
    public Optional<String> unreadable() {
        return trouble(reads(), "reads are refused");
    }

    /** Why reads or writes are not served, in a line for people; empty while both are. */
    public Optional<String> trouble() {
        return Stream.of(unreadable(), trouble(writes(), "writes are refused"))
                .flatMap(Optional::stream)
                .reduce((reads, writes) -> reads + "; " + writes);
    }

    private static Optional<String> trouble(FlowStats stats, String what) {
        return stats.open() ? Optional.of(what + ": " + stats.trouble()) : Optional.empty();
    }

    @Override
    public IoPath path() {
        return engine.path();
    }

    @Override
    public String reason() {
        return engine.reason();
    }

    @Override
    public IoFile create(Path file, long sizeBytes) throws IoFailure {
        return new GuardedFile(traffic, engine.create(file, sizeBytes));
    }

    @Override
    public IoFile open(Path file) throws IoFailure {
        return new GuardedFile(traffic, engine.open(file));
    }

    @Override
    public long allocatedBytes(Path file) throws IoFailure {
        return engine.allocatedBytes(file);
    }

    /** Asked on a thread of its own, because a file system whose servers hang does not answer this either. */
    @Override
    public FileSystemFacts facts(Path directory) throws IoFailure {
        CompletableFuture<FileSystemFacts> answer = asked.computeIfAbsent(directory, this::ask);
        var _ = answer.whenComplete((_, _) -> asked.remove(directory, answer));
        try {
            return answer.get(FACTS_TIMEOUT.toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            throw new IoFailure(
                    IoFailure.Kind.UNAVAILABLE, 0, "the file system of " + directory + " does not answer statfs");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IoFailure(IoFailure.Kind.CLOSED, 0, "interrupted while waiting for statfs");
        } catch (ExecutionException e) {
            if (e.getCause() instanceof IoFailure failure) {
                throw failure;
            }
            throw new IllegalStateException(e.getCause());
        }
    }

    private CompletableFuture<FileSystemFacts> ask(Path directory) {
        CompletableFuture<FileSystemFacts> answer = new CompletableFuture<>();
        Thread.ofPlatform().name("kvstore-io-facts").daemon().start(() -> {
            try {
                answer.complete(engine.facts(directory));
            } catch (IoFailure | RuntimeException | Error e) {
                answer.completeExceptionally(e);
            }
        });
        return answer;
    }

    @Override
    public void close() {
        watch.ifPresent(DiskWatch::close);
        engine.close();
    }
}
