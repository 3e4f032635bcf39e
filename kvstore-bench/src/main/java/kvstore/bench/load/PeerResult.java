package kvstore.bench.load;

import java.util.List;
import java.util.function.Function;
import kvstore.bench.Throughput;

/** All rounds of one peer with one size of chunks. */
record PeerResult(String peer, long chunkBytes, List<Sample> samples) {
    PeerResult {
        samples = List.copyOf(samples);
    }

    /** Median of the rounds, in 10<sup>9</sup> bytes a second. */
    double storeGigabytesPerSecond() {
        return median(Sample::store);
    }

    /** As {@link #storeGigabytesPerSecond}. */
    double loadGigabytesPerSecond() {
        return median(Sample::load);
    }

    int failures() {
        return samples.stream().mapToInt(Sample::failures).sum();
    }

    private double median(Function<Sample, Throughput> direction) {
        double[] sorted = samples.stream()
                .map(direction)
                .mapToDouble(Throughput::gigabytesPerSecond)
                .sorted()
                .toArray();
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
