package kvstore.client.cli;

import com.google.protobuf.ByteString;
import java.io.PrintWriter;
import java.util.HexFormat;
import java.util.List;
import java.util.function.BiPredicate;
import kvstore.api.ChunkKey;
import kvstore.v1.ListedChunk;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

@Command(
        name = "ls",
        description = {
            "List the keys that are stored, or count them by what they say.",
            "Keys stored or evicted meanwhile may be listed or not."
        })
final class LsCommand implements KvStoreCommand {
    @Spec
    private CommandSpec spec;

    @Mixin
    private ConnectionOptions connection;

    @Option(
            names = "--prefix",
            paramLabel = "TEXT",
            description = "Only keys that begin so: text, or hex: and the digits of the bytes.")
    private @Nullable ChunkKey prefix;

    @Mixin
    private ChunkFilter filter;

    @Option(
            names = "--by",
            paramLabel = "WHAT",
            split = ",",
            hideParamSyntax = true,
            description =
                    "Instead of the keys, show how many there are and their bytes: by ${COMPLETION-CANDIDATES}, or"
                            + " several with commas between.")
    private List<ChunkGroups.By> by = List.of();

    @Option(names = "--limit", paramLabel = "N", description = "Stop after so many keys. Default: all.")
    private long limit = Long.MAX_VALUE;

    @Override
    public Integer call() {
        if (limit < 1) {
            throw new ParameterException(spec.commandLine(), "--limit must be at least 1, not " + limit);
        }
        PrintWriter out = spec.commandLine().getOut();
        long unreadableSegments = by.isEmpty() ? list(out) : count(out);
        if (unreadableSegments > 0) {
            throw new CommandFailure(
                    ExitCode.FAILED,
                    "%d segments could not be read, and their keys are not listed: see the daemon's log"
                            .formatted(unreadableSegments));
        }
        return ExitCode.OK.code();
    }

    /** Row by row, because there may be millions: so the columns before the key have fixed widths. */
    private long list(PrintWriter out) {
        out.print(connection.json() ? "{\"chunks\": [" : "%14s  %-16s  %s%n".formatted("LENGTH", "SEGMENT", "KEY"));
        long[] printed = new long[1];
        long unreadable = pages((chunk, _) -> {
            out.print(row(chunk, printed[0]++ == 0));
            // checkError: nobody reads any more, as in `kvstore ls | head`
            return printed[0] < limit && !out.checkError();
        });
        out.print(connection.json() ? "],\n \"unreadable_segments\": %d}%n".formatted(unreadable) : "");
        return unreadable;
    }

    private long count(PrintWriter out) {
        ChunkGroups groups = new ChunkGroups(by);
        long[] counted = new long[1];
        long unreadable = pages((chunk, key) -> {
            groups.add(chunk, key);
            return ++counted[0] < limit;
        });
        if (connection.json()) {
            out.println(Json.write(Json.object("groups", groups.json(), "unreadable_segments", unreadable)));
        } else {
            out.print(groups.table());
        }
        return unreadable;
    }

    /**
     * Shows what is wanted, until told to stop.
     *
     * @return segments that could not be read
     */
    private long pages(BiPredicate<ListedChunk, ChunkKey> taker) {
        ByteString bytes = prefix == null ? filter.prefix() : ByteString.copyFrom(prefix.bytes());
        try (Session session = connection.connect()) {
            return ChunkPages.show(
                    session.client(),
                    bytes,
                    limit,
                    (chunk, key) -> !filter.wants(chunk, key) || taker.test(chunk, key));
        }
    }

    private String row(ListedChunk chunk, boolean first) {
        ChunkKey key = ChunkKey.of(chunk.getKey().toByteArray());
        String segment = HexFormat.of().toHexDigits(chunk.getSegment());
        if (!connection.json()) {
            return "%14d  %s  %s%n".formatted(chunk.getLength(), segment, key);
        }
        return (first ? "" : ",\n ")
                + Json.write(Json.object("key", key.toString(), "length", chunk.getLength(), "segment", segment));
    }
}
