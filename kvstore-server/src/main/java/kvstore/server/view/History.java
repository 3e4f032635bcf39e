package kvstore.server.view;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import kvstore.server.metrics.LatencyCounts;
import kvstore.server.metrics.Totals;
import kvstore.v1.HistoryResponse;
import kvstore.v1.HistoryStep;
import kvstore.v1.ReasonCount;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The last minutes in steps of {@link #STEP}, for those without a Prometheus at hand. A ring of at most {@link #STEPS_MAX}
 * steps, some 100 KB. Thread-safe.
 */
public final class History implements AutoCloseable {
    /** How often a step ends. */
    static final Duration STEP = Duration.ofSeconds(2);

    /** A quarter of an hour. */
    static final int STEPS_MAX = 450;

    private static final Logger log = LoggerFactory.getLogger(History.class);

    /** What is looked at as each step ends. */
    public record Sources(Supplier<Totals> totals, LongSupplier usedBytes, LongSupplier memoryUsedBytes) {}

    private final Sources sources;
    private final LongSupplier clockMillis;
    private final ArrayDeque<HistoryStep> steps = new ArrayDeque<>();
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().name("kvstore-history").daemon().factory());
    private Totals before;
    private long beforeMillis;

    History(Sources sources, LongSupplier clockMillis) {
        this.sources = sources;
        this.clockMillis = clockMillis;
        this.before = sources.totals().get();
        this.beforeMillis = clockMillis.getAsLong();
    }

    /** Takes steps from now on. */
    public static History start(Sources sources) {
        History history = new History(sources, System::currentTimeMillis);
        long millis = STEP.toMillis();
        var _ = history.timer.scheduleAtFixedRate(history::stepUnlessItFails, millis, millis, TimeUnit.MILLISECONDS);
        return history;
    }

    private void stepUnlessItFails() {
        try {
            step();
        } catch (RuntimeException e) {
            log.atError().setCause(e).log("a step of the history failed by a mistake in this program");
        }
    }

    /** Ends a step now. */
    void step() {
        Totals now = sources.totals().get();
        long nowMillis = clockMillis.getAsLong();
        synchronized (steps) {
            steps.addLast(step(now, nowMillis));
            if (steps.size() > STEPS_MAX) {
                steps.removeFirst();
            }
            before = now;
            beforeMillis = nowMillis;
        }
    }

    private HistoryStep step(Totals now, long nowMillis) {
        return HistoryStep.newBuilder()
                .setEndMillis(nowMillis)
                .setMillis((int) Math.max(1, nowMillis - beforeMillis))
                .setGetHits(now.getHits() - before.getHits())
                .setGetMisses(now.getMisses() - before.getMisses())
                .setGetBytes(now.getBytes() - before.getBytes())
                .setPutStored(now.putStored() - before.putStored())
                .setPutAlreadyStored(now.putAlreadyStored() - before.putAlreadyStored())
                .setPutRefused(now.putRefused() - before.putRefused())
                .setPutBytes(now.putBytes() - before.putBytes())
                .setLookupKeys(now.lookupKeys() - before.lookupKeys())
                .setLookupFoundKeys(now.lookupFoundKeys() - before.lookupFoundKeys())
                .setDiskReadBytes(now.diskReadBytes() - before.diskReadBytes())
                .setDiskWriteBytes(now.diskWriteBytes() - before.diskWriteBytes())
                .setEvictedBytes(now.evictedBytes() - before.evictedBytes())
                .setGetMedianMicros(median(now.gets(), before.gets()))
                .setGetP99Micros(p99(now.gets(), before.gets()))
                .setPutMedianMicros(median(now.puts(), before.puts()))
                .setPutP99Micros(p99(now.puts(), before.puts()))
                .setLookupMedianMicros(median(now.lookups(), before.lookups()))
                .setLookupP99Micros(p99(now.lookups(), before.lookups()))
                .setUsedBytes(sources.usedBytes().getAsLong())
                .setMemoryUsedBytes(sources.memoryUsedBytes().getAsLong())
                .addAllMisses(grown(now.misses(), before.misses()))
                .addAllRefusals(grown(now.refusals(), before.refusals()))
                .build();
    }

    private static long median(LatencyCounts now, LatencyCounts before) {
        return now.quantileMicros(0.5, before);
    }

    private static long p99(LatencyCounts now, LatencyCounts before) {
        return now.quantileMicros(0.99, before);
    }

    private static List<ReasonCount> grown(Map<String, Long> now, Map<String, Long> before) {
        List<ReasonCount> counts = new ArrayList<>();
        new TreeMap<>(now).forEach((reason, count) -> {
            long more = count - before.getOrDefault(reason, 0L);
            if (more > 0) {
                counts.add(ReasonCount.newBuilder()
                        .setReason(reason)
                        .setCount(more)
                        .build());
            }
        });
        return counts;
    }

    /** Steps that ended later than this, in milliseconds since 1970. */
    public HistoryResponse after(long millis) {
        HistoryResponse.Builder response = HistoryResponse.newBuilder()
                .setStepMillis((int) STEP.toMillis())
                .setStepsMax(STEPS_MAX);
        synchronized (steps) {
            steps.stream().filter(step -> step.getEndMillis() > millis).forEach(response::addSteps);
        }
        return response.build();
    }

    /** Puts refused in the last steps, by reason. */
    Map<String, Long> refusals(Duration last) {
        Map<String, Long> sums = new HashMap<>();
        after(clockMillis.getAsLong() - last.toMillis())
                .getStepsList()
                .forEach(step -> step.getRefusalsList()
                        .forEach(each -> sums.merge(each.getReason(), each.getCount(), Long::sum)));
        return sums;
    }

    @Override
    public void close() {
        timer.shutdownNow();
        try {
            boolean _ = timer.awaitTermination(1, TimeUnit.SECONDS);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }
}
