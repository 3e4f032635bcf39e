package kvstore.client.cli;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import kvstore.client.lmcache.KvShape;
import kvstore.client.lmcache.TreeFormat;
import kvstore.client.lmcache.TreeWriter;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "export",
        description = {
            "Write chunks of the daemon as a cache tree that LMCache reads.",
            "Files that are there are left as they are. Exits with 1 if anything was skipped, such as keys that the"
                    + " format cannot name."
        })
final class ExportCommand implements KvStoreCommand {
    private static final int MAX_PARALLEL = 64;

    @Spec
    private CommandSpec spec;

    @Mixin
    private ConnectionOptions connection;

    @Parameters(index = "0", paramLabel = "DIR", description = "The root of the tree; made if it is not there.")
    private Path directory;

    @Option(
            names = "--format",
            required = true,
            paramLabel = "FORMAT",
            description = "gds or fs for LMCache's in-process mode, fs_native or nixl for its multiprocess mode.")
    private TreeFormat format;

    @Option(names = "--shard-dirs", description = "With nixl: two levels of directories, as with its shard_dirs.")
    private boolean shardDirs;

    @Option(
            names = "--kv-shape",
            paramLabel = "SHAPE",
            description = "With gds and fs: 2,LAYERS,HIDDEN of the engine, or 1,LAYERS,HEAD with MLA. Whole chunks in"
                    + " the daemon do not say it.")
    private @Nullable KvShape kvShape;

    @Option(names = "--model", paramLabel = "MODEL", description = "Only this model's chunks.")
    private @Nullable String model;

    @Option(
            names = "--rate",
            paramLabel = "RATE",
            converter = ByteRate.class,
            description = "Write at most so much, such as 500MiB/s. Default: no limit.")
    private @Nullable Long rate;

    @Option(
            names = "--parallel",
            paramLabel = "N",
            defaultValue = "4",
            description = "Files under way at once, 1 to 64; each takes memory for a whole chunk."
                    + " Default: ${DEFAULT-VALUE}.")
    private int parallel;

    @Override
    public Integer call() {
        if (parallel < 1 || parallel > MAX_PARALLEL) {
            throw new ParameterException(
                    spec.commandLine(), "--parallel must be 1 to %d, not %d".formatted(MAX_PARALLEL, parallel));
        }
        if (shardDirs && format != TreeFormat.NIXL) {
            throw new ParameterException(spec.commandLine(), "--shard-dirs goes with --format nixl alone");
        }
        Tally tally = new Tally("exported");
        long start = System.nanoTime();
        try (Session session = connection.connect(parallel)) {
            TreeWriter writer = new TreeWriter(directory, format, shardDirs, kvShape);
            Progress progress = Progress.onMinutes(spec.commandLine().getErr());
            // what is stored in all: how much of it is this model's, only the listing itself would tell
            try (Progress.Step step =
                    progress.moving("export", session.client().stat().getChunkBytes())) {
                // a model's name has no '@', and every form of a key has one after it
                ByteString prefix = model == null ? ByteString.EMPTY : ByteString.copyFromUtf8(model + "@");
                RateLimit limit = new RateLimit(rate == null ? RateLimit.UNLIMITED : rate, Timer.SYSTEM);
                new TreeExport(session, writer, parallel, limit, tally).run(prefix, step);
            }
        } catch (IOException e) {
            spec.commandLine().getErr().print(tally.text(0));
            throw new CommandFailure(ExitCode.FAILED, "cannot write to %s: %s".formatted(directory, e), e);
        } catch (RuntimeException e) {
            spec.commandLine().getErr().print(tally.text(0));
            throw e;
        }
        return report(tally, (System.nanoTime() - start) / 1e9);
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
}
