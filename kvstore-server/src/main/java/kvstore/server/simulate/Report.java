package kvstore.server.simulate;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import kvstore.client.cli.Json;
import kvstore.client.cli.Table;
import kvstore.client.cli.Words;
import kvstore.server.simulate.Simulation.Run;

/** What a simulation showed, as text and as JSON. */
record Report(Simulation simulation, Outcome unlimited, List<Run> runs) {
    private static final int PERCENT = 100;
    private static final double MILLIS_PER_MINUTE = 60_000;

    Report {
        runs = List.copyOf(runs);
    }

    /** A table, a row for each capacity and policy. */
    String text() {
        Trace trace = simulation.trace();
        String head =
                "%d requests in %.1f min, %d blocks of which %d are different, %d tokens; a block is %d tokens, %s%n%n"
                        .formatted(
                                trace.requests().size(),
                                trace.spanMillis() / MILLIS_PER_MINUTE,
                                unlimited.blocks(),
                                trace.distinctBlocks(),
                                unlimited.tokens(),
                                simulation.blockTokens(),
                                Words.size(simulation.valueBytes()));
        Table table = new Table()
                .add(
                        "CAPACITY",
                        "POLICY",
                        "HIT TOKENS",
                        "HIT BLOCKS",
                        "WRITTEN",
                        "AGAIN",
                        "SHARE",
                        "NOT AGAIN",
                        "SHED");
        for (Run run : runs) {
            Outcome outcome = run.outcome();
            table.add(
                    Words.size(run.node().size().capacityBytes()),
                    run.node().eviction().policy().label(),
                    percent(outcome.hitRatioByTokens()),
                    percent(outcome.hitRatioByBlocks()),
                    Words.size(outcome.writtenBytes()),
                    Words.size(outcome.reinsertedBytes()),
                    percent(outcome.reinsertedShare()),
                    outcome.notReinsertedBlocks(),
                    outcome.shedBlocks());
        }
        table.add(
                "unlimited",
                "-",
                percent(unlimited.hitRatioByTokens()),
                percent(unlimited.hitRatioByBlocks()),
                Words.size(unlimited.writtenBytes()),
                "-",
                "-",
                "-",
                "-");
        return head + table;
    }

    /** One JSON document. */
    String json() {
        List<Object> rows = new ArrayList<>();
        for (Run run : runs) {
            Map<String, Object> row = Json.object(
                    "capacity_bytes", run.node().size().capacityBytes(),
                    "policy", run.node().eviction().policy().label());
            row.putAll(outcome(run.outcome()));
            rows.add(row);
        }
        return Json.write(Json.object(
                        "requests", simulation.trace().requests().size(),
                        "block_tokens", simulation.blockTokens(),
                        "block_bytes", simulation.valueBytes(),
                        "segment_bytes", simulation.segmentBytes(),
                        "distinct_blocks", simulation.trace().distinctBlocks(),
                        "unlimited", outcome(unlimited),
                        "runs", rows))
                + "\n";
    }

    private static Map<String, Object> outcome(Outcome outcome) {
        return Json.object(
                "blocks", outcome.blocks(),
                "hit_blocks", outcome.hitBlocks(),
                "tokens", outcome.tokens(),
                "hit_tokens", outcome.hitTokens(),
                "written_bytes", outcome.writtenBytes(),
                "reinserted_bytes", outcome.reinsertedBytes(),
                "not_reinserted_blocks", outcome.notReinsertedBlocks(),
                "evicted_blocks", outcome.evictedBlocks(),
                "shed_blocks", outcome.shedBlocks());
    }

    private static String percent(double ratio) {
        return "%.1f %%".formatted(PERCENT * ratio);
    }
}
