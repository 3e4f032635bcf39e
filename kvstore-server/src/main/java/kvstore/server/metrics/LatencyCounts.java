package kvstore.server.metrics;

import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.distribution.CountAtBucket;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;

/** How many measurements of a timer were no longer than each bound, since the start. */
public final class LatencyCounts {
    private final double[] boundsMicros;
    private final double[] counts;

    LatencyCounts(double[] boundsMicros, double[] counts) {
        this.boundsMicros = boundsMicros;
        this.counts = counts;
    }

    static LatencyCounts of(Timer timer) {
        CountAtBucket[] buckets = timer.takeSnapshot().histogramCounts();
        return new LatencyCounts(
                Arrays.stream(buckets)
                        .mapToDouble(bucket -> bucket.bucket(TimeUnit.MICROSECONDS))
                        .toArray(),
                Arrays.stream(buckets).mapToDouble(CountAtBucket::count).toArray());
    }

    /**
     * An estimate of a quantile of what came since, in microseconds: on a straight line within its bucket, as Prometheus
     * does it. 0 if nothing came; the last bound if it lies beyond.
     *
     * @param quantile 0 to 1
     * @param before of the same timer, earlier
     */
    public long quantileMicros(double quantile, LatencyCounts before) {
        int last = counts.length - 1;
        double all = last < 0 ? 0 : since(last, before);
        if (all <= 0) {
            return 0;
        }
        double rank = quantile * all;
        int at = 0;
        while (at < last && since(at, before) < rank) {
            at++;
        }
        double lower = at == 0 ? 0 : boundsMicros[at - 1];
        double below = at == 0 ? 0 : since(at - 1, before);
        double inBucket = since(at, before) - below;
        double upper = Double.isInfinite(boundsMicros[at]) ? lower : boundsMicros[at];
        return Math.round(inBucket <= 0 ? upper : lower + (upper - lower) * (rank - below) / inBucket);
    }

    private double since(int bucket, LatencyCounts before) {
        return counts[bucket] - (bucket < before.counts.length ? before.counts[bucket] : 0);
    }
}
