package kvstore.bench.load;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.ToDoubleFunction;
import kvstore.client.cli.Json;
import kvstore.client.cli.Table;
import kvstore.client.cli.Words;
import org.HdrHistogram.Histogram;

/**
 * All that the benchmark found out.
 *
 * @param results of every peer and size
 * @param missing sentences about peers that could not be measured
 * @param lookup empty if our daemon was not measured
 * @param lm of each server that was asked over {@code lm://}
 * @param allocatedPerPayloadByte as {@link ClientPeer#allocatedPerPayloadByte}
 * @param coreSecondsPerGigabyte as {@link InPlacePeer#coreSecondsPerGigabyte}
 * @param disk file system and way of the bytes, for people
 */
record BenchReport(
        LoadPlan plan,
        List<PeerResult> results,
        List<String> missing,
        Optional<LookupLatency> lookup,
        List<LmLatency> lm,
        OptionalDouble allocatedPerPayloadByte,
        OptionalDouble coreSecondsPerGigabyte,
        String disk) {

    private static final String FS_NATIVE = "fs_native";
    private static final String FIO = "fio";
    private static final String REDIS = "redis";
    private static final double P50 = 50;
    private static final double P99 = 99;

    BenchReport {
        results = List.copyOf(results);
        missing = List.copyOf(missing);
        lm = List.copyOf(lm);
    }

    /** Chunks that a peer did not store or load. */
    int failures() {
        return results.stream().mapToInt(PeerResult::failures).sum();
    }

    /** For people. */
    String text() {
        StringBuilder text = new StringBuilder();
        for (long chunkBytes : plan.chunkBytes()) {
            text.append("%d chunks of %s, %d in flight, median of %d rounds, on %s%n%n"
                    .formatted(plan.count(), Words.size(chunkBytes), plan.inFlight(), plan.rounds(), disk));
            text.append(rates(chunkBytes)).append('\n');
        }
        Table facts = new Table();
        lookup.ifPresent(latency -> facts.add("lookup of %d keys".formatted(LookupLatency.KEYS), text(latency.idle()))
                .add("while chunks move", text(latency.busy())));
        lm.forEach(latency -> facts.add(latency.server() + ", GET of 64 KiB", text(latency.small()))
                .add(latency.server() + ", GET of 16 MiB", text(latency.large())));
        allocatedPerPayloadByte.ifPresent(
                bytes -> facts.add("daemon's heap", "%.3f bytes allocated per byte of payload".formatted(bytes)));
        coreSecondsPerGigabyte.ifPresent(seconds ->
                facts.add("daemon's CPU, in place", "%.3f core-seconds per GB, checksums included".formatted(seconds)));
        if (failures() > 0) {
            facts.add("FAILURES", "%d chunks were not stored or not loaded".formatted(failures()));
        }
        missing.forEach(sentence -> facts.add("not measured", sentence));
        return text.append(facts).toString();
    }

    /** For programs; rates in 10<sup>9</sup> bytes a second, lookups in microseconds. */
    Map<String, Object> json() {
        Map<String, Object> json = Json.object(
                "count", plan.count(),
                "in_flight", plan.inFlight(),
                "rounds", plan.rounds(),
                "disk", disk,
                "results", results.stream().map(this::json).toList(),
                "missing", missing,
                "failures", failures());
        lookup.ifPresent(latency -> {
            json.put("lookup_keys", LookupLatency.KEYS);
            json.put("lookup_idle", json(latency.idle()));
            json.put("lookup_busy", json(latency.busy()));
        });
        lm.forEach(latency -> json.put(
                latency.server(), Json.object("get_64kib", json(latency.small()), "get_16mib", json(latency.large()))));
        allocatedPerPayloadByte.ifPresent(bytes -> json.put("heap_bytes_per_payload_byte", round(bytes)));
        coreSecondsPerGigabyte.ifPresent(seconds -> json.put("in_place_core_seconds_per_gb", round(seconds)));
        return json;
    }

    private Table rates(long chunkBytes) {
        boolean redis = of(chunkBytes).stream().anyMatch(result -> result.peer().equals(REDIS));
        List<Object> head = new ArrayList<>(
                List.of("", "store", "load", "store/fs_native", "load/fs_native", "store/fio", "load/fio"));
        if (redis) {
            head.addAll(List.of("store/redis", "load/redis"));
        }
        Table table = new Table().add(head.toArray());
        for (PeerResult result : of(chunkBytes)) {
            List<Object> row = new ArrayList<>(List.of(
                    result.peer(),
                    "%.2f GB/s".formatted(result.storeGigabytesPerSecond()),
                    "%.2f GB/s".formatted(result.loadGigabytesPerSecond())));
            row.add(ratio(result, FS_NATIVE, PeerResult::storeGigabytesPerSecond));
            row.add(ratio(result, FS_NATIVE, PeerResult::loadGigabytesPerSecond));
            row.add(ratio(result, FIO, PeerResult::storeGigabytesPerSecond));
            row.add(ratio(result, FIO, PeerResult::loadGigabytesPerSecond));
            if (redis) {
                row.add(ratio(result, REDIS, PeerResult::storeGigabytesPerSecond));
                row.add(ratio(result, REDIS, PeerResult::loadGigabytesPerSecond));
            }
            table.add(row.toArray());
        }
        return table;
    }

    private List<PeerResult> of(long chunkBytes) {
        return results.stream()
                .filter(result -> result.chunkBytes() == chunkBytes)
                .toList();
    }

    /** What {@code result} reaches of the fastest peer of this kind; empty if there is none. */
    private OptionalDouble share(PeerResult result, String kind, ToDoubleFunction<PeerResult> rate) {
        OptionalDouble best = of(result.chunkBytes()).stream()
                .filter(peer -> peer.peer().startsWith(kind))
                .mapToDouble(rate)
                .filter(value -> value > 0)
                .max();
        return best.isPresent() ? OptionalDouble.of(rate.applyAsDouble(result) / best.getAsDouble()) : best;
    }

    private String ratio(PeerResult result, String kind, ToDoubleFunction<PeerResult> rate) {
        OptionalDouble share = share(result, kind, rate);
        return share.isPresent() ? "%.2f".formatted(share.getAsDouble()) : "-";
    }

    private Map<String, Object> json(PeerResult result) {
        Map<String, Object> json = Json.object(
                "peer", result.peer(),
                "chunk_bytes", result.chunkBytes(),
                "store_gb_per_s", round(result.storeGigabytesPerSecond()),
                "load_gb_per_s", round(result.loadGigabytesPerSecond()),
                "failures", result.failures(),
                "rounds",
                        result.samples().stream()
                                .map(sample -> Json.object(
                                        "store_gb_per_s", round(sample.store().gigabytesPerSecond()),
                                        "load_gb_per_s", round(sample.load().gigabytesPerSecond())))
                                .toList());
        share(result, FS_NATIVE, PeerResult::storeGigabytesPerSecond)
                .ifPresent(share -> json.put("store_of_fs_native", round(share)));
        share(result, FS_NATIVE, PeerResult::loadGigabytesPerSecond)
                .ifPresent(share -> json.put("load_of_fs_native", round(share)));
        share(result, FIO, PeerResult::storeGigabytesPerSecond)
                .ifPresent(share -> json.put("store_of_fio", round(share)));
        share(result, FIO, PeerResult::loadGigabytesPerSecond)
                .ifPresent(share -> json.put("load_of_fio", round(share)));
        share(result, REDIS, PeerResult::storeGigabytesPerSecond)
                .ifPresent(share -> json.put("store_of_redis", round(share)));
        share(result, REDIS, PeerResult::loadGigabytesPerSecond)
                .ifPresent(share -> json.put("load_of_redis", round(share)));
        return json;
    }

    private static String text(Histogram nanos) {
        return "p50 %.2f ms, p99 %.2f ms, max %.2f ms"
                .formatted(
                        nanos.getValueAtPercentile(P50) / 1e6,
                        nanos.getValueAtPercentile(P99) / 1e6,
                        nanos.getMaxValue() / 1e6);
    }

    private static Map<String, Object> json(Histogram nanos) {
        return Json.object(
                "p50_micros", nanos.getValueAtPercentile(P50) / 1000,
                "p99_micros", nanos.getValueAtPercentile(P99) / 1000,
                "max_micros", nanos.getMaxValue() / 1000,
                "count", nanos.getTotalCount());
    }

    private static double round(double value) {
        return Math.round(value * 1000) / 1000.0;
    }
}
