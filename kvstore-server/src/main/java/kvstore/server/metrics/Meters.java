package kvstore.server.metrics;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.DoubleSupplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Registers meters as {@link Metric} declares them. Asking twice gives the same meter. */
final class Meters {
    /** From a lookup that stays in the index to a call that is about to be given up. */
    private static final Duration[] LATENCIES = Stream.of(
                    100,
                    250,
                    500,
                    1_000,
                    2_500,
                    5_000,
                    10_000,
                    25_000,
                    50_000,
                    100_000,
                    250_000,
                    500_000,
                    1_000_000,
                    2_500_000,
                    5_000_000,
                    10_000_000,
                    30_000_000)
            .map(micros -> Duration.ofNanos(micros * 1_000L))
            .toArray(Duration[]::new);

    /** From a cache that is far too small to one that forgets nothing. */
    private static final Duration[] AGES = Stream.of(
                    "PT1M", "PT5M", "PT10M", "PT30M", "PT1H", "PT3H", "PT6H", "PT12H", "P1D", "P3D", "P7D", "P30D")
            .map(Duration::parse)
            .toArray(Duration[]::new);

    /** In the place of every label value of what would be one series too many. */
    private static final String BEYOND = "beyond_limit";

    private final MeterRegistry registry;
    private final Map<Metric, Set<List<String>>> series = new ConcurrentHashMap<>();

    Meters(MeterRegistry registry) {
        this.registry = registry;
    }

    Counter counter(Metric metric, String... labelValues) {
        require(metric, Metric.Kind.COUNTER);
        return Counter.builder(metric.prometheusName())
                .description(metric.meaning())
                .tags(tags(metric, labelValues))
                .register(registry);
    }

    /** A counter that somebody else counts. */
    void counter(Metric metric, DoubleSupplier total, String... labelValues) {
        require(metric, Metric.Kind.COUNTER);
        // the supplier is captured by the function, because Micrometer holds the object it is given only weakly
        FunctionCounter.builder(metric.prometheusName(), registry, _ -> total.getAsDouble())
                .description(metric.meaning())
                .tags(tags(metric, labelValues))
                .register(registry);
    }

    void gauge(Metric metric, DoubleSupplier value, String... labelValues) {
        require(metric, Metric.Kind.GAUGE);
        Gauge.builder(metric.prometheusName(), value::getAsDouble)
                .description(metric.meaning())
                .tags(tags(metric, labelValues))
                .register(registry);
    }

    Timer latency(Metric metric, String... labelValues) {
        return timer(metric, LATENCIES, labelValues);
    }

    Timer age(Metric metric) {
        return timer(metric, AGES);
    }

    private Timer timer(Metric metric, Duration[] buckets, String... labelValues) {
        require(metric, Metric.Kind.HISTOGRAM);
        return Timer.builder(metric.prometheusName())
                .description(metric.meaning())
                .serviceLevelObjectives(buckets)
                .maximumExpectedValue(buckets[buckets.length - 1])
                .tags(tags(metric, labelValues))
                .register(registry);
    }

    private static void require(Metric metric, Metric.Kind kind) {
        if (metric.kind() != kind) {
            throw new IllegalArgumentException(metric + " is declared as " + metric.kind());
        }
    }

    private Tags tags(Metric metric, String... wanted) {
        List<String> labels = metric.labels();
        List<String> values = withinLimit(metric, List.of(wanted));
        if (labels.size() != values.size()) {
            throw new IllegalArgumentException(metric + " has the labels " + labels);
        }
        return Tags.of(IntStream.range(0, values.size())
                .mapToObj(i -> Tag.of(labels.get(i), values.get(i)))
                .toList());
    }

    /** What is beyond the limit shares one more series, so that it is counted and costs nothing. */
    private List<String> withinLimit(Metric metric, List<String> values) {
        Set<List<String>> known = series.computeIfAbsent(metric, _ -> ConcurrentHashMap.newKeySet());
        if (known.contains(values)) {
            return values;
        }
        synchronized (known) {
            if (known.size() < SeriesLimit.of(metric)) {
                known.add(values);
                return values;
            }
        }
        return values.stream().map(_ -> BEYOND).toList();
    }
}
