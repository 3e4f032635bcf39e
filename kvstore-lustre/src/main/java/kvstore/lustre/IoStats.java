package kvstore.lustre;

import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Function;
import java.util.stream.Collectors;
import kvstore.api.IoFailure.Kind;

/**
 * The figures of one direction, reads or writes, of an engine since its start. Totals only rise. Thread-safe; figures
 * read one after the other need not belong to the same moment.
 */
public final class IoStats {
    private final LongAdder operations = new LongAdder();
    private final LongAdder bytes = new LongAdder();
    private final LongAdder queuedNanos = new LongAdder();
    private final LongAdder runNanos = new LongAdder();
    private final LongAdder continuations = new LongAdder();
    private final LongAdder reopens = new LongAdder();
    private final LongAdder retries = new LongAdder();
    private final Map<Kind, LongAdder> failures = Arrays.stream(Kind.values())
            .collect(Collectors.toUnmodifiableMap(Function.identity(), _ -> new LongAdder()));
    private final AtomicInteger queued = new AtomicInteger();
    private final AtomicInteger running = new AtomicInteger();

    IoStats() {}

    /** Operations that moved all their bytes. */
    public long operations() {
        return operations.sum();
    }

    /** Bytes that those operations moved. */
    public long bytes() {
        return bytes.sum();
    }

    /** Nanoseconds that operations, failed ones too, waited for a thread. */
    public long queuedNanos() {
        return queuedNanos.sum();
    }

    /** Nanoseconds that operations, failed ones too, spent in the file system. */
    public long runNanos() {
        return runNanos.sum();
    }

    /** System calls made because the one before was interrupted or moved only some of the bytes. */
    public long continuations() {
        return continuations.sum();
    }

    /** Files that were opened again after an operation failed because a server was away. */
    public long reopens() {
        return reopens.sum();
    }

    /** Operations that were tried a second time, with such a file. */
    public long retries() {
        return retries.sum();
    }

    /** Operations that failed in this way, {@link Kind#CLOSED} ones that never started among them. */
    public long failures(Kind kind) {
        return adder(kind).sum();
    }

    /** Operations that wait for a thread now. */
    public int queued() {
        return queued.get();
    }

    /** Operations that are in the file system now. */
    public int running() {
        return running.get();
    }

    void submitted() {
        queued.incrementAndGet();
    }

    void started(long waitedNanos) {
        queued.decrementAndGet();
        running.incrementAndGet();
        queuedNanos.add(waitedNanos);
    }

    void continued() {
        continuations.increment();
    }

    void reopened() {
        reopens.increment();
    }

    void retried() {
        retries.increment();
    }

    void ended(long tookNanos) {
        running.decrementAndGet();
        runNanos.add(tookNanos);
    }

    void succeeded(long movedBytes) {
        operations.increment();
        bytes.add(movedBytes);
    }

    void failed(Kind kind) {
        adder(kind).increment();
    }

    /** Takes back {@link #submitted()}: the engine was closed first. */
    void refused() {
        queued.decrementAndGet();
        failed(Kind.CLOSED);
    }

    private LongAdder adder(Kind kind) {
        return Objects.requireNonNull(failures.get(kind));
    }
}
