package kvstore.client.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import kvstore.client.KvStoreClient;
import kvstore.v1.ClearRequest;
import kvstore.v1.ClearResponse;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
        name = "clear",
        description = {
            "Make the daemon forget all that is stored, or all of one model or namespace.",
            "Counts first, and asks. What is stored meanwhile may be forgotten or not.",
            "Exits with 1 if the answer is no, and with 4 if something could not be read and was left alone."
        })
final class ClearCommand implements KvStoreCommand {
    private final Console console;

    @Spec
    private CommandSpec spec;

    @Mixin
    private ConnectionOptions connection;

    @ArgGroup(multiplicity = "1")
    private Scope scope = new Scope();

    @Option(names = "--yes", description = "Do not ask. Needed where there is no terminal.")
    private boolean yes;

    @Option(names = "--count", description = "Only count.")
    private boolean countOnly;

    /** What to forget. */
    static final class Scope {
        @Option(names = "--all", description = "All chunks of the daemon.")
        private boolean all;

        @Option(names = "--model", paramLabel = "NAME", description = "Those of this model, as LMCache writes it.")
        private @Nullable String model;

        @Option(
                names = "--namespace",
                paramLabel = "NAME",
                description = "Those of this namespace; '' is that of gRPC and RESP clients.")
        private @Nullable String namespace;

        ClearRequest request() {
            ClearRequest.Builder request = ClearRequest.newBuilder();
            if (model != null) {
                return request.setModel(model).build();
            }
            return (namespace == null ? request.setAll(all) : request.setNamespace(namespace)).build();
        }

        String words() {
            if (model != null) {
                return "of model " + model;
            }
            return namespace == null ? "in all" : "of namespace '" + namespace + "'";
        }
    }

    ClearCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        if (!yes && !countOnly && !console.terminal()) {
            throw new CommandFailure(
                    ExitCode.USAGE, "there is no terminal to ask at: --yes clears without asking, --count only counts");
        }
        ClearRequest request = scope.request();
        try (Session session = connection.connect()) {
            ClearResponse counted = count(session.client(), request);
            if (countOnly) {
                return print("found", counted).code();
            }
            if (counted.getChunks() > 0 && !yes && !confirmed(counted)) {
                spec.commandLine().getErr().println("nothing was cleared");
                return ExitCode.NO.code();
            }
            return print("cleared", clear(session.client(), request, counted)).code();
        }
    }

    private ClearResponse count(KvStoreClient client, ClearRequest request) {
        return client.clear(request.toBuilder().setCountOnly(true).build(), _ -> {});
    }

    private boolean confirmed(ClearResponse counted) {
        PrintWriter err = spec.commandLine().getErr();
        err.print("Forget %s %s? Type yes: ".formatted(words(counted), scope.words()));
        err.flush();
        try {
            String answer = new BufferedReader(new InputStreamReader(console.in(), StandardCharsets.UTF_8)).readLine();
            return answer != null && answer.strip().equals("yes");
        } catch (IOException e) {
            throw new CommandFailure(ExitCode.FAILED, "cannot read the answer: " + e.getMessage(), e);
        }
    }

    private ClearResponse clear(KvStoreClient client, ClearRequest request, ClearResponse counted) {
        Progress progress = Progress.onMinutes(spec.commandLine().getErr());
        try (Progress.Step step = progress.moving("clearing", counted.getBytes())) {
            long[] seen = new long[1];
            return client.clear(request, answer -> {
                step.advance(answer.getBytes() - seen[0]);
                seen[0] = answer.getBytes();
            });
        }
    }

    private ExitCode print(String what, ClearResponse last) {
        PrintWriter out = spec.commandLine().getOut();
        if (connection.json()) {
            out.println(Json.write(Json.object(
                    what,
                    last.getChunks(),
                    "bytes",
                    last.getBytes(),
                    "unreadable_segments",
                    last.getUnreadableSegments(),
                    "complete",
                    last.getComplete())));
        } else {
            out.println("%s %s %s".formatted(what, words(last), scope.words()));
        }
        if (!last.getComplete()) {
            throw new CommandFailure(ExitCode.UNREACHABLE, "the daemon stopped before all was looked through");
        }
        if (last.getUnreadableSegments() > 0) {
            throw new CommandFailure(
                    ExitCode.FAILED,
                    "%d segments could not be read, and their chunks are still there: see the daemon's log"
                            .formatted(last.getUnreadableSegments()));
        }
        return ExitCode.OK;
    }

    private static String words(ClearResponse counted) {
        return "%d chunks (%s)".formatted(counted.getChunks(), Words.size(counted.getBytes()));
    }
}
