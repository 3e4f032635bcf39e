package kvstore.client.cli;

import com.google.protobuf.ByteString;
import java.io.PrintWriter;
import java.util.HexFormat;
import kvstore.api.ChunkKey;
import kvstore.v1.ListResponse;
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
        description = {"List the keys that are stored.", "Keys stored or evicted meanwhile may be listed or not."})
final class LsCommand implements KvStoreCommand {
    private static final int PAGE = 1000;

    @Spec
    private CommandSpec spec;

    @Mixin
    private ConnectionOptions connection;

    @Option(
            names = "--prefix",
            paramLabel = "TEXT",
            description = "Only keys that begin so: text, or hex: and the digits of the bytes.")
    private @Nullable ChunkKey prefix;

    @Option(names = "--limit", paramLabel = "N", description = "Stop after so many keys. Default: all.")
    private long limit = Long.MAX_VALUE;

    @Override
    public Integer call() {
        if (limit < 1) {
            throw new ParameterException(spec.commandLine(), "--limit must be at least 1, not " + limit);
        }
        PrintWriter out = spec.commandLine().getOut();
        long unreadableSegments = 0;
        try (Session session = connection.connect()) {
            // row by row, because there may be millions: so the columns before the key have fixed widths
            out.print(connection.json() ? "{\"chunks\": [" : "%14s  %-16s  %s%n".formatted("LENGTH", "SEGMENT", "KEY"));
            ByteString bytes = prefix == null ? ByteString.EMPTY : ByteString.copyFrom(prefix.bytes());
            String token = "";
            long printed = 0;
            do {
                ListResponse page = session.client().list(bytes, token, (int) Math.min(PAGE, limit - printed));
                for (ListedChunk chunk : page.getChunksList()) {
                    out.print(row(chunk, printed++ == 0));
                }
                unreadableSegments += page.getUnreadableSegments();
                token = page.getNextPageToken();
                // checkError: nobody reads any more, as in `kvstore ls | head`
            } while (!token.isEmpty() && printed < limit && !out.checkError());
        }
        out.print(connection.json() ? "],\n \"unreadable_segments\": %d}%n".formatted(unreadableSegments) : "");
        if (unreadableSegments > 0) {
            throw new CommandFailure(
                    ExitCode.FAILED,
                    "%d segments could not be read, and their keys are not listed: see the daemon's log"
                            .formatted(unreadableSegments));
        }
        return ExitCode.OK.code();
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
