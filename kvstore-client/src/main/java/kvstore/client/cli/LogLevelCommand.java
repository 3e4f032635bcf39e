package kvstore.client.cli;

import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.Map;
import kvstore.client.KvStoreClient;
import kvstore.v1.LogLevelResponse;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "log-level",
        description = {
            "Show or change what the daemon logs.",
            "A change lasts until the next one, a restart, or a reload of a configuration with another log.level."
        })
final class LogLevelCommand implements KvStoreCommand {
    @Spec
    private CommandSpec spec;

    @Mixin
    private ConnectionOptions connection;

    @Parameters(
            index = "0",
            arity = "0..1",
            paramLabel = "LEVEL",
            defaultValue = "",
            description =
                    "off, error, warn, info, debug or trace; inherit takes the logger's own away. Without: only show.")
    private String level;

    @Parameters(
            index = "1",
            arity = "0..1",
            paramLabel = "LOGGER",
            defaultValue = "",
            description =
                    "A package or class of the daemon, such as kvstore.server.grpc. Default: kvstore, all of them.")
    private String logger;

    @Override
    public Integer call() {
        LogLevelResponse answer;
        try (KvStoreClient client = connection.connectWithoutHello()) {
            answer = client.logLevel(level, logger);
        }
        PrintWriter out = spec.commandLine().getOut();
        if (connection.json()) {
            Map<String, Object> levels = new LinkedHashMap<>();
            answer.getLoggersList().forEach(each -> levels.put(each.getLogger(), each.getLevel()));
            out.println(Json.write(levels));
        } else {
            Table table = new Table();
            answer.getLoggersList().forEach(each -> table.add(each.getLogger(), each.getLevel()));
            out.print(table);
        }
        return ExitCode.OK.code();
    }
}
