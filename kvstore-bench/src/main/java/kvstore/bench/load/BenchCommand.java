package kvstore.bench.load;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import kvstore.bench.ByteSize;
import kvstore.bench.CleanUp;
import kvstore.bench.DaemonLauncher;
import kvstore.client.ClientOptions;
import kvstore.client.KvStoreClient;
import kvstore.client.Target;
import kvstore.client.cli.ByteRate;
import kvstore.client.cli.CommandFailure;
import kvstore.client.cli.ExitCode;
import kvstore.client.cli.Json;
import kvstore.client.cli.KvStoreCommand;
import kvstore.client.cli.Progress;
import org.jspecify.annotations.Nullable;
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
    private static final Duration CALL_TIMEOUT = Duration.ofSeconds(30);

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

    @Option(
            names = "--target",
            paramLabel = "TARGET",
            description = {
                "Put a bounded load on this running daemon instead: host:port, or unix:/path of its socket. Chunks of the"
                        + " first --size, --in-flight at a time, are stored, loaded, compared and deleted again.",
                "--count, --rounds, --peers, --set, --directory and --lmcache have no effect then."
            })
    private @Nullable Target target;

    @Option(
            names = "--time",
            paramLabel = "TIME",
            defaultValue = "10s",
            description = "With --target: begin nothing more after this time. Default: ${DEFAULT-VALUE}.")
    private Duration time;

    @Option(
            names = "--rate",
            paramLabel = "RATE",
            defaultValue = "200MiB/s",
            converter = ByteRate.class,
            description =
                    "With --target: store and load no more than this each, on average. Default: ${DEFAULT-VALUE}.")
    private long rate;

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
        if (target != null) {
            return onTarget(target);
        }
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

    private int onTarget(Target daemon) {
        ClientOptions options =
                ClientOptions.defaults().withTimeout(CALL_TIMEOUT).withClientName("kvstore-bench");
        try (KvStoreClient client = KvStoreClient.connect(daemon, options);
                CleanUp cleanUp = new CleanUp()) {
            var _ = client.hello();
            TargetBench.Report report =
                    new TargetBench(client, new TargetBench.Load(sizes.getFirst(), inFlight, time, rate)).run(cleanUp);
            PrintWriter out = spec.commandLine().getOut();
            if (json) {
                out.println(report.json());
            } else {
                out.print(report.text());
            }
            return (report.notStored() + report.missed() == 0 ? ExitCode.OK : ExitCode.NO).code();
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CommandFailure(ExitCode.FAILED, "interrupted; nothing is left", e);
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
