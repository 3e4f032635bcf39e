package kvstore.client.cli;

import java.io.PrintWriter;
import java.time.Instant;
import kvstore.api.ChunkKey;
import kvstore.v1.ExplainResponse;
import kvstore.v1.KeyState;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "explain",
        description = {"Say where a key is, or why it is not.", "Exits with 1 if a get would not find it now."})
final class ExplainCommand implements KvStoreCommand {
    @Spec
    private CommandSpec spec;

    @Mixin
    private ConnectionOptions connection;

    @Parameters(paramLabel = "KEY", description = "The key: text, or hex: and the digits of the bytes.")
    private ChunkKey key;

    @Option(
            names = "--length",
            paramLabel = "BYTES",
            description = "What a get would expect: a value of another length is a miss for it.")
    private long length;

    @Option(
            names = "--tenant",
            paramLabel = "NAME",
            defaultValue = "",
            description = "Whose key. Default: that of the tenant who asks.")
    private String tenant;

    @Override
    public Integer call() {
        ExplainResponse answer;
        try (Session session = connection.connect()) {
            answer = session.client().explain(key, tenant);
        }
        PrintWriter out = spec.commandLine().getOut();
        if (connection.json()) {
            out.println(Json.write(Json.of(answer)));
        } else {
            out.print(table(answer));
            out.print(
                    otherLength(answer)
                            ? "a get that expects %d bytes misses: the value has another length%n".formatted(length)
                            : "");
        }
        boolean found = answer.getState() == KeyState.KEY_STATE_HERE && !otherLength(answer);
        return (found ? ExitCode.OK : ExitCode.NO).code();
    }

    private boolean otherLength(ExplainResponse answer) {
        return length > 0 && answer.getState() == KeyState.KEY_STATE_HERE && answer.getLength() != length;
    }

    private static Table table(ExplainResponse answer) {
        Table table = new Table()
                .add("state", Words.of(answer.getState(), "KEY_STATE_").replace('_', ' '));
        if (answer.getState() == KeyState.KEY_STATE_HERE) {
            table.add("file", answer.getSegmentFile())
                    .add("offset", answer.getOffset())
                    .add("length", answer.getLength())
                    .add("stored", answer.getStoredMillis() == 0 ? "unknown" : time(answer.getStoredMillis()))
                    .add("last used", time(answer.getLastUsedMillis()))
                    .add("leases", answer.getLeases() + (answer.getHeld() ? ", held" : ""));
        }
        if (answer.getState() == KeyState.KEY_STATE_AWAY) {
            table.add("file", answer.getSegmentFile())
                    .add("length", answer.getLength())
                    .add("set aside", answer.getAwayReason());
        }
        if (!answer.getLastEvent().isEmpty()) {
            table.add(
                    "last event",
                    "%s at %s, %d bytes"
                            .formatted(
                                    answer.getLastEvent(),
                                    time(answer.getLastEventMillis()),
                                    answer.getLastEventLength()));
        } else if (answer.getState() == KeyState.KEY_STATE_ABSENT) {
            table.add("last event", "nothing known: never stored, or longer ago than is remembered");
        }
        if (answer.getDirectoryUnread()) {
            table.add(
                    "not known",
                    "what lies in a directory that has not answered since before the start (kvstore stat)");
        }
        answer.getOtherNamespacesList().forEach(name -> table.add("stored in", "namespace " + name));
        return table;
    }

    private static String time(long millis) {
        return Instant.ofEpochMilli(millis).toString();
    }
}
