package kvstore.bench.evict;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import kvstore.bench.ByteSize;
import kvstore.bench.CleanUp;
import kvstore.bench.DaemonLauncher;
import kvstore.bench.DaemonProcess;
import kvstore.bench.DiskSpace;
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

/** {@code kvstore bench-eviction}. */
@Command(
        name = "bench-eviction",
        description = {
            "Measure what eviction costs readers while others write as fast as they can.",
            "Three daemons take turns on one directory: one with room, a full one that evicts the oldest, and a full one"
                    + " that writes again what is read."
        })
public final class EvictionBenchCommand implements KvStoreCommand {
    @Spec
    private CommandSpec spec;

    @Option(
            names = "--directory",
            paramLabel = "DIR",
            defaultValue = ".",
            description = "The disk to try, in a directory that is removed at the end. Default: the current directory.")
    private Path directory;

    @Option(
            names = "--size",
            paramLabel = "SIZE",
            defaultValue = "4MiB",
            converter = ByteSize.class,
            description = "Size of a chunk. Default: ${DEFAULT-VALUE}.")
    private long chunkBytes;

    @Option(
            names = "--capacity",
            paramLabel = "SIZE",
            defaultValue = "1GiB",
            converter = ByteSize.class,
            description = "Capacity of the full nodes. Default: ${DEFAULT-VALUE}.")
    private long capacityBytes;

    @Option(
            names = "--write",
            paramLabel = "SIZE",
            defaultValue = "1GiB",
            converter = ByteSize.class,
            description = "What is written in each turn. Default: ${DEFAULT-VALUE}.")
    private long turnBytes;

    @Option(
            names = "--rounds",
            paramLabel = "N",
            defaultValue = "5",
            description = "Turns of each daemon. Default: ${DEFAULT-VALUE}.")
    private int rounds;

    @Option(names = "--set", paramLabel = "KEY=VALUE", description = "A setting of the daemons, as for serve.")
    private List<String> settings = new ArrayList<>();

    @Option(names = "--json", description = "Print one JSON document instead of text.")
    private boolean json;

    /** For the service loader. */
    public EvictionBenchCommand() {}

    @Override
    public Integer call() {
        EvictionPlan plan = plan();
        DiskSpace.require(directory, plan.diskBytes(), "take less with --capacity, --write or --rounds");
        try (CleanUp cleanUp = new CleanUp()) {
            EvictionReport report = run(plan, cleanUp);
            PrintWriter out = spec.commandLine().getOut();
            out.print(json ? Json.write(report.json()) + "\n" : report.text());
            out.flush();
        }
        return ExitCode.OK.code();
    }

    private EvictionPlan plan() {
        try {
            return new EvictionPlan(chunkBytes, capacityBytes, turnBytes, rounds);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), e.getMessage(), e);
        }
    }

    private EvictionReport run(EvictionPlan plan, CleanUp cleanUp) {
        Progress progress = Progress.on(spec.commandLine().getErr());
        List<Node> nodes = new ArrayList<>();
        try {
            for (Mode mode : Mode.values()) {
                progress.say("filling: " + mode);
                Node node = new Node(mode, plan, start(mode, plan, cleanUp));
                nodes.add(node);
                node.fill();
                var _ = node.turn();
            }
            Map<Mode, List<Turn>> turns = new EnumMap<>(Mode.class);
            for (int round = 0; round < plan.rounds(); round++) {
                for (Node node : nodes) {
                    progress.say("round %d: %s".formatted(round + 1, node.mode()));
                    turns.computeIfAbsent(node.mode(), _ -> new ArrayList<>()).add(node.turn());
                }
            }
            nodes.forEach(Node::verify);
            return new EvictionReport(plan, turns);
        } finally {
            nodes.forEach(Node::close);
        }
    }

    private DaemonProcess start(Mode mode, EvictionPlan plan, CleanUp cleanUp) {
        Workspace workspace = Workspace.create(directory, "kvstore-bench-", cleanUp);
        List<String> all = new ArrayList<>(mode.settings(plan));
        all.addAll(settings);
        DaemonProcess.Setup setup = new DaemonProcess.Setup(
                workspace.path().resolve("pool"),
                workspace.socket(),
                workspace.path().resolve("daemon.log"),
                all,
                false);
        return DaemonProcess.start(DaemonLauncher.ofThisProcess(), setup, cleanUp);
    }
}
