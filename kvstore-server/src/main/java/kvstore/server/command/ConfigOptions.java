package kvstore.server.command;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import kvstore.client.cli.CommandFailure;
import kvstore.client.cli.ExitCode;
import kvstore.server.config.ConfigException;
import kvstore.server.config.ConfigValues;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Where the configuration comes from; the same for every command that reads it. */
final class ConfigOptions {
    @Option(names = "--config", paramLabel = "FILE", description = "A YAML file with settings.")
    private @Nullable Path file;

    @Option(
            names = "--data",
            paramLabel = "DIR",
            description = "The directory for data: short for --set data.directory=DIR.")
    private @Nullable Path directory;

    @Option(
            names = "--set",
            paramLabel = "KEY=VALUE",
            description =
                    "One setting, such as data.capacity=2TiB. Wins over the environment, which wins over the file.")
    private List<String> sets = new ArrayList<>();

    /** All sources, not yet checked. */
    ConfigValues load(Map<String, String> environment) {
        List<String> all = Stream.concat(
                        Stream.ofNullable(directory).map(path -> "data.directory=" + path), sets.stream())
                .toList();
        return ConfigValues.load(Optional.ofNullable(file), environment, all);
    }

    /** Ends the command with all problems, one a line. */
    static CommandFailure failure(ConfigException e) {
        return new CommandFailure(ExitCode.USAGE, "the configuration is wrong:\n" + String.join("\n", e.problems()), e);
    }
}
