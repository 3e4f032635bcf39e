package kvstore.bench.mount;

import java.nio.file.Path;
import java.util.List;
import kvstore.bench.CleanUp;
import kvstore.bench.Workspace;
import kvstore.client.cli.CommandFailure;
import kvstore.client.cli.ExitCode;
import kvstore.client.cli.KvStoreCommand;
import kvstore.lustre.MountCheck;
import kvstore.lustre.MountLoad;
import kvstore.lustre.MountVerifier;
import kvstore.lustre.StripeLayout;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code kvstore verify-mount}. */
@Command(
        name = "verify-mount",
        description = {
            "Check that a directory, on Lustre or any other file system, does what the store relies on.",
            "It works in a directory of its own in DIR, and removes it at the end.",
            "It ends with 1 if the store cannot rely on the directory."
        })
public final class VerifyMountCommand implements KvStoreCommand {
    private static final int SECONDS_MAX = 600;

    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "DIR", description = "A directory on the mount.")
    private Path directory;

    @Option(
            names = "--seconds",
            paramLabel = "N",
            defaultValue = "3",
            description = "How long each of the six measurements of throughput takes, 0 for none (${DEFAULT-VALUE}).")
    private int seconds;

    @Option(
            names = "--stripe-count",
            paramLabel = "N",
            defaultValue = "1",
            description = "The layout to try on Lustre: OSTs of one file (${DEFAULT-VALUE}).")
    private int stripeCount;

    @Option(names = "--pool", paramLabel = "NAME", defaultValue = "", description = "The same: the OST pool.")
    private String pool;

    /** For the service loader. */
    public VerifyMountCommand() {}

    @Override
    public Integer call() {
        if (seconds < 0 || seconds > SECONDS_MAX) {
            throw new CommandFailure(ExitCode.USAGE, "--seconds must be 0 to " + SECONDS_MAX + ", not " + seconds);
        }
        StripeLayout layout = layout();
        List<MountCheck> checks;
        try (CleanUp cleanUp = new CleanUp()) {
            Path own = Workspace.create(directory, "kvstore-verify-", cleanUp).path();
            MountVerifier verifier = MountVerifier.of(own, layout, MountLoad.of(seconds * 1000L));
            cleanUp.add(verifier::stop);
            checks = verifier.run();
            if (cleanUp.isClosed()) {
                throw new CommandFailure(ExitCode.FAILED, "interrupted; nothing is left");
            }
        }
        MountReport report = new MountReport(directory, checks);
        spec.commandLine().getOut().print(report);
        return (report.isFit() ? ExitCode.OK : ExitCode.NO).code();
    }

    private StripeLayout layout() {
        try {
            return new StripeLayout(stripeCount, StripeLayout.DEFAULT_STRIPE_SIZE_BYTES, pool);
        } catch (IllegalArgumentException e) {
            throw new CommandFailure(ExitCode.USAGE, "--stripe-count, --pool: " + e.getMessage());
        }
    }
}
