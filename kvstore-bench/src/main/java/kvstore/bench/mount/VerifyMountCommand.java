package kvstore.bench.mount;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import kvstore.bench.CleanUp;
import kvstore.bench.Workspace;
import kvstore.client.cli.ExitCode;
import kvstore.client.cli.Json;
import kvstore.client.cli.KvStoreCommand;
import kvstore.client.cli.Table;
import kvstore.lustre.MountCheck;
import kvstore.lustre.MountCheck.Verdict;
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
            "It works in a directory of its own in DIR, and removes it at the end."
        })
public final class VerifyMountCommand implements KvStoreCommand {
    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "DIR", description = "A directory on the mount.")
    private Path directory;

    @Option(names = "--json", description = "Print one JSON document instead of text.")
    private boolean json;

    /** For the service loader. */
    public VerifyMountCommand() {}

    @Override
    public Integer call() {
        List<MountCheck> checks;
        try (CleanUp cleanUp = new CleanUp()) {
            Path own = Workspace.create(directory, "kvstore-verify-", cleanUp).path();
            checks = MountVerifier.verify(own, StripeLayout.defaults());
        }
        boolean failed = checks.stream().anyMatch(check -> check.verdict() == Verdict.FAILED);
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(Json.write(Json.object(
                    "ok",
                    !failed,
                    "checks",
                    checks.stream().map(VerifyMountCommand::json).toList())));
        } else {
            out.print(table(checks));
        }
        return (failed ? ExitCode.NO : ExitCode.OK).code();
    }

    private static Object json(MountCheck check) {
        return Json.object(
                "check", check.name(),
                "verdict", word(check),
                "found", check.found(),
                "change", check.change());
    }

    private static Table table(List<MountCheck> checks) {
        Table table = new Table().add("check", "verdict", "found", "what to change");
        checks.forEach(check -> table.add(check.name(), word(check), check.found(), check.change()));
        return table;
    }

    private static String word(MountCheck check) {
        return check.verdict().name().toLowerCase(Locale.ROOT);
    }
}
