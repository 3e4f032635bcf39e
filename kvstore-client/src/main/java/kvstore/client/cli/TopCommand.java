package kvstore.client.cli;

import java.io.PrintWriter;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import kvstore.client.KvStoreClient;
import kvstore.v1.HistoryResponse;
import kvstore.v1.HistoryStep;
import kvstore.v1.StatResponse;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
        name = "top",
        description = {
            "Watch a daemon: throughput, hits, misses and why, latency, capacity, the disk, memory. Ctrl-C ends it.",
            "Without a terminal, with --once or with --json it looks once."
        })
final class TopCommand implements KvStoreCommand {
    /** Cursor to the upper left; what is below what was drawn is erased. Nothing else is asked of a terminal. */
    private static final String HOME = "\033[H";

    private static final String CLEAR = "\033[2J";
    private static final String CLEAR_LINE = "\033[K";
    private static final String CLEAR_BELOW = "\033[J";

    private static final long MINUTES_MILLIS = Duration.ofMinutes(15).toMillis();

    private final Console console;

    @Spec
    private CommandSpec spec;

    @Mixin
    private ConnectionOptions connection;

    @Option(names = "--once", description = "Look once, and end.")
    private boolean once;

    @Option(
            names = "--interval",
            paramLabel = "TIME",
            defaultValue = "2s",
            description = "How often to look. Default: ${DEFAULT-VALUE}, the daemon's own step.")
    private Duration interval;

    TopCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        try (KvStoreClient client = connection.connectWithoutHello()) {
            if (connection.json()) {
                StatResponse stat = client.stat();
                List<Map<String, Object>> steps =
                        client.history(System.currentTimeMillis() - MINUTES_MILLIS).getStepsList().stream()
                                .map(Json::of)
                                .toList();
                out.println(Json.write(Json.object("stat", Json.of(stat), "steps", steps)));
                return ExitCode.OK.code();
            }
            if (once || !console.terminal()) {
                out.print(look(client));
                return ExitCode.OK.code();
            }
            out.print(CLEAR);
            while (!out.checkError()) {
                out.print(HOME + look(client).replace("\n", CLEAR_LINE + "\n") + CLEAR_BELOW);
                out.flush();
                RateLimit.pause(Timer.SYSTEM, interval.toNanos());
            }
        }
        return ExitCode.OK.code();
    }

    private static String look(KvStoreClient client) {
        StatResponse stat = client.stat();
        HistoryResponse history = client.history(0);
        List<HistoryStep> steps = history.getStepsList();
        return TopScreen.of(stat, steps);
    }
}
