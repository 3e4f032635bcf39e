package kvstore.server.command;

import kvstore.client.cli.ExitCode;
import kvstore.client.cli.KvStoreCommand;
import kvstore.server.config.ConfigException;
import kvstore.server.config.ConfigValues;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

@Command(
        name = "check",
        description = "Say what is wrong with the configuration that serve would use, and start nothing.")
final class ConfigCheckCommand implements KvStoreCommand {
    @Spec
    private CommandSpec spec;

    @Mixin
    private ConfigOptions options;

    @Override
    public Integer call() {
        ConfigValues values = options.load(System.getenv());
        values.warnings().forEach(warning -> spec.commandLine().getErr().println(warning));
        try {
            values.bind();
            return ExitCode.OK.code();
        } catch (ConfigException e) {
            throw ConfigOptions.failure(e);
        }
    }
}
