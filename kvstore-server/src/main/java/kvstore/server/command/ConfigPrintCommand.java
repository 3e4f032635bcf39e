package kvstore.server.command;

import java.io.PrintWriter;
import kvstore.client.cli.ExitCode;
import kvstore.client.cli.KvStoreCommand;
import kvstore.server.config.ConfigException;
import kvstore.server.config.ConfigReference;
import kvstore.server.config.ConfigValues;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
        name = "print",
        description = "Show every setting that serve would use, and where it comes from. The output is a valid file.")
final class ConfigPrintCommand implements KvStoreCommand {
    @Spec
    private CommandSpec spec;

    @Mixin
    private ConfigOptions options;

    @Option(names = "--json", description = "As one JSON object: key to value and origin.")
    private boolean json;

    @Option(
            names = "--defaults",
            description = "Write a complete file with every default and its explanation instead, to start from.")
    private boolean defaults;

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        if (defaults) {
            out.print(ConfigReference.example());
        } else {
            out.print(effective());
        }
        out.flush();
        return ExitCode.OK.code();
    }

    private String effective() {
        ConfigValues values = options.load(System.getenv());
        try {
            return json ? ConfigPrinter.json(values.effective()) : ConfigPrinter.yaml(values.effective());
        } catch (ConfigException e) {
            throw ConfigOptions.failure(e);
        }
    }
}
