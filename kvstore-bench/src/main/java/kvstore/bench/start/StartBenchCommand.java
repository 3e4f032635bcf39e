package kvstore.bench.start;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import kvstore.bench.CleanUp;
import kvstore.bench.DaemonLauncher;
import kvstore.bench.DaemonProcess;
import kvstore.bench.Workspace;
import kvstore.client.cli.ExitCode;
import kvstore.client.cli.Json;
import kvstore.client.cli.KvStoreCommand;
import kvstore.client.cli.Progress;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code kvstore bench-start}. */
@Command(
        name = "bench-start",
        description = {
            "Measure how long a daemon with an empty store takes from its start to its first connection.",
            "From an installed package, with the AOT cache that was made at installation and without it, in turn; from a"
                    + " checkout, which has none, without it only."
        })
public final class StartBenchCommand implements KvStoreCommand {
    private static final String WITH = "with AOT cache";
    private static final String WITHOUT = "without";

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--directory",
            paramLabel = "DIR",
            defaultValue = ".",
            description = "The disk to try, in a directory that is removed at the end. Default: the current directory.")
    private Path directory;

    @Option(
            names = "--runs",
            paramLabel = "N",
            defaultValue = "7",
            description = "Starts of each kind; one more goes before, uncounted. Default: ${DEFAULT-VALUE}.")
    private int runs;

    @Option(names = "--set", paramLabel = "KEY=VALUE", description = "A setting of the daemons, as for serve.")
    private List<String> settings = new ArrayList<>();

    @Option(names = "--json", description = "Print one JSON document instead of text.")
    private boolean json;

    /** For the service loader. */
    public StartBenchCommand() {}

    @Override
    public Integer call() {
        if (runs < 1) {
            throw new ParameterException(spec.commandLine(), "--runs must be at least 1, not " + runs);
        }
        StartReport report = measure(DaemonLauncher.ofThisProcess());
        PrintWriter out = spec.commandLine().getOut();
        out.print(json ? Json.write(report.json()) + "\n" : report.text());
        out.flush();
        return ExitCode.OK.code();
    }

    private StartReport measure(DaemonLauncher launcher) {
        Map<String, DaemonLauncher> launchers = new LinkedHashMap<>();
        if (launcher.hasAotCache()) {
            launchers.put(WITH, launcher);
        }
        launchers.put(WITHOUT, launcher.withoutAotCache());
        Progress progress = Progress.on(spec.commandLine().getErr());
        Map<String, List<Duration>> starts = new LinkedHashMap<>();
        for (int run = 0; run <= runs; run++) {
            progress.say("start %d of %d".formatted(run, runs));
            for (Map.Entry<String, DaemonLauncher> each : launchers.entrySet()) {
                Duration time = start(each.getValue());
                // the first has the programs and libraries to read from disk
                if (run > 0) {
                    starts.computeIfAbsent(each.getKey(), _ -> new ArrayList<>())
                            .add(time);
                }
            }
        }
        return new StartReport(starts);
    }

    /** One daemon, on a directory of its own. */
    private Duration start(DaemonLauncher launcher) {
        try (CleanUp cleanUp = new CleanUp()) {
            Workspace workspace = Workspace.create(directory, "kvstore-bench-", cleanUp);
            DaemonProcess daemon = DaemonProcess.start(
                    launcher,
                    new DaemonProcess.Setup(
                            workspace.path().resolve("pool"),
                            workspace.socket(),
                            workspace.path().resolve("daemon.log"),
                            settings,
                            false),
                    cleanUp);
            daemon.stop();
            return daemon.startTime();
        }
    }
}
