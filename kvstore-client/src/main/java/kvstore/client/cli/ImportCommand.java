package kvstore.client.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import kvstore.client.lmcache.TreeFormat;
import kvstore.client.lmcache.TreeReader;
import kvstore.client.lmcache.TrueLengths;
import kvstore.v1.StatResponse;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "import",
        description = {
            "Store the chunks of a cache tree that LMCache keeps on a file system.",
            "The tree is only read. What is in the daemon already is left out, so the same command goes on where it"
                    + " was ended.",
            "Exits with 1 if anything was skipped."
        })
final class ImportCommand implements KvStoreCommand {
    private static final int MAX_PARALLEL = 64;

    @Spec
    private CommandSpec spec;

    @Mixin
    private ConnectionOptions connection;

    @Parameters(index = "0", paramLabel = "DIR", description = "The root of the tree.")
    private Path directory;

    @Option(
            names = "--format",
            paramLabel = "FORMAT",
            description = "Take only files of one format: gds, fs_native, nixl or fs. Default: by each file's name.")
    private @Nullable TreeFormat format;

    @Option(names = "--model", paramLabel = "MODEL", description = "Only this model's chunks. May be given again.")
    private Set<String> models = Set.of();

    @Option(
            names = "--true-length",
            paramLabel = "GROUP=BYTES",
            description = "How long the chunks of an object group are, where fs_native or nixl files are rounded up to"
                    + " pages. Default: as long as the files.")
    private Map<Integer, Long> trueLengths = Map.of();

    @Option(
            names = "--rate",
            paramLabel = "RATE",
            converter = ByteRate.class,
            description = "Read at most so much, such as 500MiB/s. Default: no limit.")
    private @Nullable Long rate;

    @Option(
            names = "--parallel",
            paramLabel = "N",
            defaultValue = "4",
            description = "Files under way at once, 1 to 64; each takes memory for a whole chunk, with --verify for"
                    + " two. Default: ${DEFAULT-VALUE}.")
    private int parallel;

    @Option(names = "--verify", description = "Read every value back from the daemon and compare all its bytes.")
    private boolean verify;

    @Option(names = "--replace", description = "Replace values in the daemon that have another length.")
    private boolean replace;

    @Option(names = "--dry-run", description = "Only look at the files and count; the daemon is not asked.")
    private boolean dryRun;

    @Override
    public Integer call() {
        if (parallel < 1 || parallel > MAX_PARALLEL) {
            throw new ParameterException(
                    spec.commandLine(), "--parallel must be 1 to %d, not %d".formatted(MAX_PARALLEL, parallel));
        }
        Predicate<String> wanted = models.isEmpty() ? _ -> true : models::contains;
        long start = System.nanoTime();
        try {
            TreeReader reader = reader();
            if (dryRun) {
                Tally tally = new Tally("would import");
                TreeImport.dryRun(reader, wanted, tally);
                return report(tally, 0);
            }
            Tally tally = new Tally("imported");
            try (Session session = connection.connect(parallel)) {
                run(session, reader, wanted, tally);
            } catch (RuntimeException | IOException e) {
                // what was done until then stays done, and is worth knowing
                spec.commandLine().getErr().print(tally.text(seconds(start)));
                throw e;
            }
            return report(tally, seconds(start));
        } catch (IOException e) {
            throw new CommandFailure(ExitCode.FAILED, "cannot read %s: %s".formatted(directory, e), e);
        }
    }

    private TreeReader reader() throws IOException {
        if (!Files.isDirectory(directory)) {
            throw new CommandFailure(ExitCode.USAGE, "there is no directory " + directory);
        }
        try {
            return new TreeReader(directory, format, new TrueLengths(trueLengths));
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), "--true-length: " + e.getMessage());
        }
    }

    private void run(Session session, TreeReader reader, Predicate<String> wanted, Tally tally) throws IOException {
        PrintWriter err = spec.commandLine().getErr();
        Progress progress = Progress.onMinutes(err);
        long bytes = TreeImport.measure(reader, wanted);
        StatResponse stat = session.client().stat();
        if (bytes > stat.getCapacityBytes()) {
            err.println("note: the files have %s and the daemon keeps %s: what is imported first will be evicted"
                    .formatted(Words.size(bytes), Words.size(stat.getCapacityBytes())));
        }
        RateLimit limit = new RateLimit(rate == null ? RateLimit.UNLIMITED : rate, Timer.SYSTEM);
        TreeImport.Options options = new TreeImport.Options(parallel, verify, replace, wanted);
        try (Progress.Step step = progress.moving("import", bytes)) {
            new TreeImport(session, reader, options, Timer.SYSTEM, limit, tally).run(step);
        }
    }

    private int report(Tally tally, double seconds) {
        PrintWriter out = spec.commandLine().getOut();
        if (connection.json()) {
            out.println(Json.write(tally.json(seconds)));
        } else {
            out.print(tally.text(seconds));
        }
        return tally.exitCode().code();
    }

    private static double seconds(long start) {
        return (System.nanoTime() - start) / 1e9;
    }
}
