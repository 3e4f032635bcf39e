package kvstore.gds;

import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import kvstore.api.IoFailure.Kind;

/**
 * The figures of one direction, reads or writes, of GPU memory since the start. Totals only rise. Thread-safe; figures read
 * one after the other need not belong to the same moment.
 */
public final class GpuStats {
    private final LongAdder operations = new LongAdder();
    private final LongAdder cuFileBytes = new LongAdder();
    private final LongAdder stagedBytes = new LongAdder();
    private final Map<String, LongAdder> fallbacks = new ConcurrentHashMap<>();
    private final Map<Kind, LongAdder> failures = new ConcurrentHashMap<>();
    private final AtomicInteger underWay = new AtomicInteger();

    /** All 0. */
    public GpuStats() {}

    /** Operations that moved all their bytes. */
    public long operations() {
        return operations.sum();
    }

    /** Bytes that libcufile moved. */
    public long cuFileBytes() {
        return cuFileBytes.sum();
    }

    /** Bytes that went through O_DIRECT and pinned memory. */
    public long stagedBytes() {
        return stagedBytes.sum();
    }

    /** Requests that libcufile refused and O_DIRECT took over, by the reason, such as {@code 5013} or {@code errno_5}. */
    public Map<String, Long> fallbacks() {
        Map<String, Long> counts = new TreeMap<>();
        fallbacks.forEach((reason, count) -> counts.put(reason, count.sum()));
        return counts;
    }

    /** Requests that libcufile refused and O_DIRECT took over, for whatever reason. */
    public long fallbackCount() {
        return fallbacks.values().stream().mapToLong(LongAdder::sum).sum();
    }

    /** Operations that failed in this way. */
    public long failures(Kind kind) {
        LongAdder count = failures.get(kind);
        return count == null ? 0 : count.sum();
    }

    /** Operations that were accepted and have not ended. */
    public int underWay() {
        return underWay.get();
    }

    void submitted() {
        underWay.incrementAndGet();
    }

    void succeeded() {
        underWay.decrementAndGet();
        operations.increment();
    }

    void failed(Kind kind) {
        underWay.decrementAndGet();
        failures.computeIfAbsent(kind, _ -> new LongAdder()).increment();
    }

    void moved(boolean byCuFile, long bytes) {
        (byCuFile ? cuFileBytes : stagedBytes).add(bytes);
    }

    void fellBack(String reason) {
        fallbacks.computeIfAbsent(reason, _ -> new LongAdder()).increment();
    }
}
