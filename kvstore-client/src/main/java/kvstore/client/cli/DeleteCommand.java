package kvstore.client.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import kvstore.api.ChunkKey;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(name = "delete", description = "Make the daemon forget keys.")
final class DeleteCommand implements KvStoreCommand {
    @Spec
    private CommandSpec spec;

    @Mixin
    private ConnectionOptions connection;

    @Parameters(arity = "1..*", paramLabel = "KEY", description = "Keys: text, or hex: and the digits of the bytes.")
    private List<ChunkKey> keys;

    @Override
    public Integer call() {
        List<Boolean> deleted = new ArrayList<>(keys.size());
        try (Session session = connection.connect()) {
            for (List<ChunkKey> portion : KeyList.portions(keys, session.keysPerCall())) {
                BitSet bits = session.client().delete(portion);
                for (int i = 0; i < portion.size(); i++) {
                    deleted.add(bits.get(i));
                }
            }
        }
        print(deleted);
        return (deleted.contains(false) ? ExitCode.NO : ExitCode.OK).code();
    }

    private void print(List<Boolean> deleted) {
        PrintWriter out = spec.commandLine().getOut();
        if (connection.json()) {
            List<Map<String, Object>> rows = new ArrayList<>();
            for (int i = 0; i < keys.size(); i++) {
                rows.add(Json.object("key", keys.get(i).toString(), "deleted", deleted.get(i)));
            }
            out.println(Json.write(Json.object(
                    "keys", rows, "deleted", deleted.stream().filter(was -> was).count())));
            return;
        }
        Table table = new Table();
        for (int i = 0; i < keys.size(); i++) {
            table.add(deleted.get(i) ? "deleted" : "not here", keys.get(i));
        }
        out.print(table);
    }
}
