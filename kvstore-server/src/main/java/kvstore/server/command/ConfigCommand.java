package kvstore.server.command;

import kvstore.client.cli.KvStoreCommand;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code kvstore config}. */
@Command(
        name = "config",
        description = "Check and show the daemon's configuration.",
        subcommands = {ConfigCheckCommand.class, ConfigPrintCommand.class})
public final class ConfigCommand implements KvStoreCommand {
    @Spec
    private CommandSpec spec;

    /** For the service loader. */
    public ConfigCommand() {}

    @Override
    public Integer call() {
        throw new ParameterException(spec.commandLine(), "say what to do: config check, or config print");
    }
}
