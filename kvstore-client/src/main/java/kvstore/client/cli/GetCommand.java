package kvstore.client.cli;

import java.io.PrintWriter;
import java.lang.foreign.Arena;
import java.util.List;
import kvstore.api.ChunkKey;
import kvstore.client.Chunk;
import kvstore.client.GetResult;
import kvstore.client.LookupResult;
import kvstore.v1.MissReason;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "get",
        description = {
            "Read the value of a key into a file, or to standard output.",
            "The file appears only when all its bytes are there; a miss leaves what was there before."
        })
final class GetCommand implements KvStoreCommand {
    private final Console console;

    @Spec
    private CommandSpec spec;

    @Mixin
    private ConnectionOptions connection;

    @Parameters(index = "0", paramLabel = "KEY", description = "The key: text, or hex: and the digits of its bytes.")
    private ChunkKey key;

    @Parameters(
            index = "1",
            arity = "0..1",
            paramLabel = "FILE",
            defaultValue = Payload.STANDARD_STREAM,
            description = "Where the value goes; - for standard output, which is the default.")
    private String file;

    GetCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        if (connection.json() && file.equals(Payload.STANDARD_STREAM)) {
            throw new CommandFailure(ExitCode.USAGE, "--json and the value cannot share standard output: name a FILE");
        }
        try (Session session = connection.connect()) {
            // the lease: what was found shall not be evicted before it is read
            LookupResult lookup = session.client().lookup(List.of(key), connection.timeout());
            try {
                return lookup.found(0) ? read(session, lookup.size(0)) : miss(MissReason.MISS_REASON_ABSENT);
            } finally {
                if (lookup.leaseId() != 0) {
                    session.client().release(List.of(lookup.leaseId()));
                }
            }
        }
    }

    private int read(Session session, long length) {
        long limit = session.daemon().getLimits().getValueBytes();
        if (length < 1 || length > limit) {
            throw new CommandFailure(
                    ExitCode.FAILED,
                    "%s claims %s bytes for %s, and its limit is %d: see its log"
                            .formatted(connection.target(), Long.toUnsignedString(length), key, limit));
        }
        try (Arena arena = Arena.ofShared()) {
            Chunk chunk = new Chunk(key, arena.allocate(length));
            GetResult result =
                    Session.await(session.client().get(List.of(chunk))).getFirst();
            return switch (result) {
                case GetResult.Hit _ -> {
                    Payload.write(chunk.memory(), file, console);
                    yield hit(length);
                }
                case GetResult.Miss(MissReason reason) -> miss(reason);
            };
        }
    }

    private int hit(long length) {
        PrintWriter out = spec.commandLine().getOut();
        if (connection.json()) {
            out.println(Json.write(Json.object("key", key.toString(), "hit", true, "length", length, "file", file)));
        } else if (!file.equals(Payload.STANDARD_STREAM)) {
            out.println("%s written to %s (%s)".formatted(key, file, Words.size(length)));
        }
        return ExitCode.OK.code();
    }

    private int miss(MissReason missReason) {
        String reason = Words.of(missReason, "MISS_REASON_");
        if (connection.json()) {
            spec.commandLine()
                    .getOut()
                    .println(Json.write(Json.object("key", key.toString(), "hit", false, "reason", reason)));
        }
        throw new CommandFailure(ExitCode.NO, "miss: %s (%s)".formatted(key, reason));
    }
}
