package kvstore.server.simulate;

import com.google.common.io.MoreFiles;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import kvstore.store.EvictionConfig;

/**
 * Replays a trace once for each capacity and policy.
 *
 * @param trace what is asked for
 * @param blockTokens tokens of a block
 * @param valueBytes what a block takes on disk
 * @param segmentBytes size of a segment
 */
record Simulation(Trace trace, int blockTokens, long valueBytes, long segmentBytes) {
    /** What a trace is replayed through. */
    record Node(NodeSize size, EvictionConfig eviction) {}

    /** One row of the result. */
    record Run(Node node, Outcome outcome) {}

    /** Part of the distinct blocks that fit into the capacities that are taken if none is given. */
    private static final List<Integer> DIVISORS = List.of(32, 16, 8, 4, 2);

    /** Capacities from a small part of all that the trace writes to half of it, in whole segments. */
    List<Long> capacities() {
        long all = trace.distinctBlocks() * valueBytes;
        return DIVISORS.stream()
                .map(divisor -> Math.max(
                        Math.ceilDiv(all / divisor, segmentBytes) * segmentBytes, NodeSize.SEGMENTS_MIN * segmentBytes))
                .distinct()
                .toList();
    }

    /** Runs all, a few at a time; the rows come in the order of the capacities. */
    List<Run> run(List<Long> capacities, List<EvictionConfig> evictions) throws IOException {
        List<Node> nodes = new ArrayList<>();
        for (long capacity : capacities) {
            NodeSize size = NodeSize.of(capacity, segmentBytes, valueBytes);
            evictions.forEach(eviction -> nodes.add(new Node(size, eviction)));
        }
        Path scratch = Files.createTempDirectory("kvstore-simulate-");
        try {
            return IntStream.range(0, nodes.size())
                    .parallel()
                    .mapToObj(i -> run(scratch.resolve(Integer.toString(i)), nodes.get(i)))
                    .toList();
        } finally {
            MoreFiles.deleteRecursively(scratch);
        }
    }

    private Run run(Path scratch, Node node) {
        try (Replay replay = new Replay(Files.createDirectory(scratch), node.eviction, node.size, blockTokens)) {
            return new Run(node, replay.serve(trace));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
