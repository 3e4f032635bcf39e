package kvstore.client.cli;

import java.time.Duration;
import org.jspecify.annotations.NullMarked;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** A command as another module adds it. */
@NullMarked
@Command(name = "contributed", description = "Does what its parameter says.")
public final class ContributedCommand implements KvStoreCommand {
    @Spec
    private CommandSpec spec;

    @Parameters
    private String what;

    @Option(names = "--for")
    private Duration duration = Duration.ZERO;

    @Override
    public Integer call() {
        switch (what) {
            case "fail" -> throw new CommandFailure(ExitCode.WRONG_DATA, "as told; tell it otherwise");
            case "crash" -> throw new IllegalStateException("a mistake in the program");
            default -> spec.commandLine().getOut().println(what + " for " + duration);
        }
        return ExitCode.OK.code();
    }
}
