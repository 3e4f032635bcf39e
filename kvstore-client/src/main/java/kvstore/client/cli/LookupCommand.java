package kvstore.client.cli;

import java.io.PrintWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import kvstore.api.ChunkKey;
import kvstore.client.LookupResult;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(name = "lookup", description = "Show which keys are here, and how long their values are.")
final class LookupCommand implements KvStoreCommand {
    private final Console console;

    @Spec
    private CommandSpec spec;

    @Mixin
    private ConnectionOptions connection;

    @Parameters(arity = "0..*", paramLabel = "KEY", description = "Keys: text, or hex: and the digits of the bytes.")
    private List<ChunkKey> keys = List.of();

    @Option(
            names = "--keys-from",
            paramLabel = "FILE",
            description = "Also the keys in this file, one a line; - for standard input.")
    private @Nullable String keysFrom;

    LookupCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        List<ChunkKey> all = KeyList.read(keys, keysFrom, console);
        List<Long> sizes = new ArrayList<>(all.size());
        try (Session session = connection.connect()) {
            for (List<ChunkKey> portion : KeyList.portions(all, session.keysPerCall())) {
                sizes.addAll(session.client().lookup(portion, Duration.ZERO).sizes());
            }
        }
        print(all, sizes);
        return (sizes.contains(LookupResult.ABSENT) ? ExitCode.NO : ExitCode.OK).code();
    }

    private void print(List<ChunkKey> all, List<Long> sizes) {
        int firstAbsent = sizes.indexOf(LookupResult.ABSENT);
        int leadingHits = firstAbsent < 0 ? sizes.size() : firstAbsent;
        long found = sizes.stream().filter(size -> size != LookupResult.ABSENT).count();
        PrintWriter out = spec.commandLine().getOut();
        if (connection.json()) {
            List<Map<String, Object>> rows = new ArrayList<>();
            for (int i = 0; i < all.size(); i++) {
                String key = all.get(i).toString();
                long size = sizes.get(i);
                rows.add(
                        size == LookupResult.ABSENT
                                ? Json.object("key", key, "found", false)
                                : Json.object("key", key, "found", true, "length", size));
            }
            out.println(Json.write(Json.object("keys", rows, "found", found, "leading_hits", leadingHits)));
            return;
        }
        Table table = new Table().add("LENGTH", "KEY");
        for (int i = 0; i < all.size(); i++) {
            table.add(sizes.get(i) == LookupResult.ABSENT ? "-" : sizes.get(i), all.get(i));
        }
        out.print(table);
        out.println("%d of %d found, the first %d without a gap".formatted(found, all.size(), leadingHits));
    }
}
