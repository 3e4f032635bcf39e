package kvstore.server.io;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.function.LongSupplier;
import kvstore.api.Breaker;
import kvstore.api.IoFailure;
import org.jspecify.annotations.Nullable;

/** One direction: what is in line, what is with the engine, and how the disk does. Guarded by the lock of {@link Traffic}. */
final class Flow {
    private final String name;
    private final long budgetBytes;
    private final long timeoutNanos;
    private final LongSupplier nanoTime;
    private final Breaker breaker;
    private final RateMeter rate = new RateMeter();

    private final Deque<Operation> line = new ArrayDeque<>();
    private final Set<Operation> withEngine = new LinkedHashSet<>();
    private long lineBytes;
    private long engineBytes;

    /** Of it, what does not go past the line. */
    private long largeBytes;

    /** When the disk last answered, or began to be asked. */
    private long answeredNanos;

    private long lastEndNanos;
    private long refused;
    private String trouble = "";

    Flow(String name, long budgetBytes, GuardConfig config, LongSupplier nanoTime) {
        this.name = name;
        this.budgetBytes = budgetBytes;
        this.timeoutNanos = config.operationTimeout().toNanos();
        this.nanoTime = nanoTime;
        this.breaker = new Breaker(
                config.breakerFailures(), Math.toIntExact(config.probeInterval().toMillis()), nanoTime);
        this.lastEndNanos = nanoTime.getAsLong() - timeoutNanos;
    }

    String name() {
        return name;
    }

    long budgetBytes() {
        return budgetBytes;
    }

    boolean isIdle() {
        return line.isEmpty() && withEngine.isEmpty();
    }

    long lastEndNanos() {
        return lastEndNanos;
    }

    void enqueue(Operation operation) {
        line.add(operation);
        lineBytes += operation.bytes();
        measure();
    }

    @Nullable
    Operation first() {
        return line.peek();
    }

    /** The first in line goes to the engine. */
    Operation dequeue() {
        Operation first = line.remove();
        lineBytes -= first.bytes();
        return first;
    }

    /** Takes out of the line what has been in it for longer than anybody waits. */
    @Nullable
    Operation pollOverdue() {
        Operation first = line.peek();
        if (first == null || nanoTime.getAsLong() - first.submittedNanos() <= timeoutNanos) {
            return null;
        }
        Operation overdue = dequeue();
        measure();
        return overdue;
    }

    /** Whether the engine may have it beside what it has, of which it may have {@code limitBytes}. */
    boolean fits(Operation operation, long limitBytes) {
        return operation.isSmall() || largeBytes == 0 || largeBytes + operation.bytes() <= limitBytes;
    }

    void begin(Operation operation) {
        if (withEngine.isEmpty()) {
            answeredNanos = nanoTime.getAsLong();
        }
        withEngine.add(operation);
        engineBytes += operation.bytes();
        largeBytes += operation.isSmall() ? 0 : operation.bytes();
        measure();
    }

    /** It came back. */
    void end(Operation operation, @Nullable Throwable failure) {
        withEngine.remove(operation);
        engineBytes -= operation.bytes();
        largeBytes -= operation.isSmall() ? 0 : operation.bytes();
        lastEndNanos = nanoTime.getAsLong();
        if (failure == null) {
            rate.moved(operation.bytes());
        }
        measure();
        answered(failure);
    }

    /** The disk answered, an operation or a probe. */
    void answered(@Nullable Throwable failure) {
        IoFailure.Kind kind = failure instanceof IoFailure io ? io.kind() : null;
        if (kind == IoFailure.Kind.CLOSED) {
            return; // says nothing about the disk
        }
        answeredNanos = nanoTime.getAsLong();
        if (failure == null || !isOfTheDevice(kind)) {
            breaker.succeeded();
            return;
        }
        breaker.failed();
        if (breaker.isOpen()) {
            trouble = "%s in a row failed, the last with: %s".formatted(name, failure.getMessage());
        }
    }

    private static boolean isOfTheDevice(IoFailure.@Nullable Kind kind) {
        return kind == IoFailure.Kind.IO || kind == IoFailure.Kind.TRANSIENT || kind == IoFailure.Kind.DENIED;
    }

    /** Whether nothing is asked of the disk now. */
    boolean isOpen() {
        if (!breaker.isOpen() && !withEngine.isEmpty() && silentNanos() > timeoutNanos) {
            breaker.trip();
            trouble = "none of %d %s has ended for %d ms".formatted(withEngine.size(), name, silentNanos() / 1_000_000);
        }
        return breaker.isOpen();
    }

    /** Whether the disk should be asked by a probe: it is left alone, or has not answered for half the time. */
    boolean wantsProbe() {
        boolean open = isOpen();
        return open ? breaker.allows() : !withEngine.isEmpty() && silentNanos() > timeoutNanos / 2;
    }

    private long silentNanos() {
        return nanoTime.getAsLong() - answeredNanos;
    }

    /** What made it open, for people. */
    String trouble() {
        return trouble;
    }

    void countRefused() {
        refused++;
    }

    /** How long this many more bytes would take behind what is there, in nanoseconds; 0 while that is not known. */
    long expectedNanos(long bytes) {
        long aheadBytes = engineBytes + lineBytes;
        double bytesPerSecond = rate.bytesPerSecond();
        if (aheadBytes < RateMeter.LOADED_BYTES || bytesPerSecond == 0) {
            return 0;
        }
        return (long) ((aheadBytes + bytes) / bytesPerSecond * 1e9);
    }

    private void measure() {
        rate.outstanding(engineBytes + lineBytes, nanoTime.getAsLong());
    }

    FlowStats stats() {
        long now = nanoTime.getAsLong();
        int overdue = 0;
        for (Operation operation : withEngine) {
            if (now - operation.submittedNanos() <= timeoutNanos) {
                break; // they are in the order of their submission, nearly
            }
            overdue++;
        }
        boolean open = isOpen();
        return new FlowStats(
                engineBytes,
                lineBytes,
                (long) rate.bytesPerSecond(),
                overdue,
                open,
                open ? trouble : "",
                breaker.opened(),
                refused);
    }

    long lineBytes() {
        return lineBytes;
    }
}
