package kvstore.bench.load;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import kvstore.bench.ByteSize;
import kvstore.bench.CleanUp;
import kvstore.bench.DaemonLauncher;
import kvstore.client.cli.CommandFailure;
import kvstore.client.cli.ExitCode;
import kvstore.client.cli.Json;
import kvstore.client.cli.KvStoreCommand;
import kvstore.client.cli.Progress;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** {@code kvstore bench}. */
@Command(
        name = "bench",
        description = {
            "Measure this daemon beside LMCache's own backends, Redis and fio, on one directory in one run.",
            "Each peer stores chunks, loads them and gives the disk back; they take turns, and the median of the rounds"
                    + " counts. kvstore, fs_native, resp and redis are measured by LMCache's own tool, in_place and client by the"
                    + " Java client, which shares its memory with the daemon or sends messages. lm and lm_server are asked for"
                    + " one value after the other over lm://; lm_server and redis keep everything in memory."
        })
public final class BenchCommand implements KvStoreCommand {
    @Spec
    private CommandSpec spec;

    @Option(
            names = "--directory",
            paramLabel = "DIR",
            defaultValue = ".",
            description = {
                "The disk to try: the benchmark makes a directory of its own in DIR, and removes it at the end.",
                "Default: the current directory."
            })
    private Path directory;

    @Option(
            names = "--size",
            paramLabel = "SIZE",
            split = ",",
            defaultValue = "16MiB",
            converter = ByteSize.class,
            description = "Sizes of chunks, such as 1MiB,16MiB. Default: ${DEFAULT-VALUE}.")
    private List<Long> sizes;

    @Option(
            names = "--count",
            paramLabel = "N",
            defaultValue = "64",
            description = "Chunks in one round. Default: ${DEFAULT-VALUE}.")
    private int count;

    @Option(
            names = "--in-flight",
            paramLabel = "N",
            defaultValue = "32",
            description = "Chunks that are handed over at a time. Default: ${DEFAULT-VALUE}.")
    private int inFlight;

    @Option(
            names = "--rounds",
            paramLabel = "N",
            defaultValue = "3",
            description = "Turns of each peer. Default: ${DEFAULT-VALUE}.")
    private int rounds;

    @Option(
            names = "--peers",
            paramLabel = "PEER",
            split = ",",
            defaultValue = "kvstore,fs_native,in_place,client,resp,redis,lm,lm_server,fio",
            converter = PeerName.class,
            description = "Who takes part, in the order of turns. Default: all, ${DEFAULT-VALUE}.")
    private List<PeerKind> peers;

    @Option(
            names = "--set",
            paramLabel = "KEY=VALUE",
            description = "A setting of the daemon that is measured, as for serve.")
    private List<String> settings = new ArrayList<>();

    @Option(
            names = "--lmcache",
            paramLabel = "DIR",
            defaultValue = "${sys:kvstore.home:-.}/.venv-lmcache",
            description = {
                "A Python virtual environment with LMCache 0.5.6 and kvstore-lmcache.",
                "Default: the one that scripts/lmcache-venv makes."
            })
    private Path lmcache;

    @Option(names = "--json", description = "Print one JSON document instead of text.")
    private boolean json;

    /** For the service loader. */
    public BenchCommand() {}

    /** So that a wrong name is answered with the right ones. */
    static final class PeerName implements ITypeConverter<PeerKind> {
        @Override
        public PeerKind convert(String text) {
            try {
                return PeerKind.valueOf(text.toUpperCase(Locale.ROOT));
            } catch (IllegalArgumentException _) {
                throw new TypeConversionException("'" + text + "' is no peer: there are " + List.of(PeerKind.values()));
            }
        }
    }

    @Override
    public Integer call() {
        LoadPlan plan = plan();
        try (CleanUp cleanUp = new CleanUp()) {
            Bench bench = new Bench(
                    plan,
                    new LinkedHashSet<>(peers),
                    DaemonLauncher.ofThisProcess(),
                    settings,
                    lmcache.toAbsolutePath(),
                    Progress.on(spec.commandLine().getErr()),
                    cleanUp);
            try {
                return finish(bench.run(directory));
            } catch (RuntimeException e) {
                if (cleanUp.isClosed()) {
                    // what failed, failed because it was taken away
                    throw new CommandFailure(ExitCode.FAILED, "interrupted; nothing is left", e);
                }
                throw e;
            }
        }
    }

    private LoadPlan plan() {
        try {
            return new LoadPlan(sizes, count, inFlight, rounds);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), e.getMessage(), e);
        }
    }

    private int finish(BenchReport report) {
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(Json.write(report.json()));
        } else {
            out.print(report.text());
        }
        return (report.failures() == 0 ? ExitCode.OK : ExitCode.NO).code();
    }
}
