package kvstore.client.cli;

import java.io.PrintWriter;
import java.lang.foreign.Arena;
import java.util.List;
import kvstore.api.ChunkKey;
import kvstore.client.Chunk;
import kvstore.client.PutResult;
import kvstore.v1.PutStatus;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "put",
        description = {
            "Store a file, or standard input, under a key.",
            "A value of the same length that stands there already is left as it is."
        })
final class PutCommand implements KvStoreCommand {
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
            description = "The value; - for standard input, which is the default.")
    private String file;

    PutCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        try (Arena arena = Arena.ofShared()) {
            Chunk chunk = new Chunk(key, Payload.read(file, console, arena));
            try (Session session = connection.connect()) {
                PutResult result =
                        Session.await(session.client().put(List.of(chunk))).getFirst();
                return report(result, chunk.memory().byteSize());
            }
        }
    }

    private int report(PutResult result, long length) {
        PrintWriter out = spec.commandLine().getOut();
        String status = Words.of(result.status(), "PUT_STATUS_");
        String reason = result.isStored() ? "" : Words.of(result.reason(), "PUT_REASON_");
        if (connection.json()) {
            out.println(Json.write(Json.object(
                    "key", key.toString(),
                    "length", length,
                    "status", status,
                    "reason", reason,
                    "message", result.message())));
        } else if (result.isStored()) {
            out.println("%s %s (%s)".formatted(status.replace('_', ' '), key, Words.size(length)));
        }
        if (result.isStored()) {
            return ExitCode.OK.code();
        }
        throw new CommandFailure(
                result.status() == PutStatus.PUT_STATUS_SHED ? ExitCode.NO : ExitCode.FAILED,
                "%s was %s (%s)%s"
                        .formatted(key, status, reason, result.message().isEmpty() ? "" : ": " + result.message()));
    }
}
