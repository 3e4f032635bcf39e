package kvstore.server.command;

import kvstore.client.cli.CommandFailure;
import kvstore.client.cli.ExitCode;
import kvstore.client.cli.KvStoreCommand;
import kvstore.server.Daemon;
import kvstore.server.StartException;
import kvstore.server.config.ConfigException;
import kvstore.server.config.ConfigValues;
import kvstore.server.config.DaemonConfig;
import kvstore.server.log.Logging;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code kvstore serve}: the daemon, until SIGTERM or SIGINT. */
@Command(
        name = "serve",
        description = {
            "Run the daemon until SIGTERM or SIGINT.",
            "Ends with 0 after a clean stop, 2 if the configuration is wrong, 3 if the daemon cannot start."
        })
public final class ServeCommand implements KvStoreCommand {
    private static final Logger LOG = LoggerFactory.getLogger(ServeCommand.class);

    @Mixin
    private ConfigOptions options;

    /** For the service loader. */
    public ServeCommand() {}

    @Override
    public Integer call() throws InterruptedException {
        ConfigValues values = options.load(System.getenv());
        DaemonConfig config = bind(values);
        Logging.configure(config.log());
        values.warnings().forEach(LOG::warn);
        try (Daemon daemon = start(config)) {
            StopSignal.install(daemon::close, config.shutdown().drainTimeout());
            daemon.awaitTermination();
        }
        return ExitCode.OK.code();
    }

    private static DaemonConfig bind(ConfigValues values) {
        try {
            return values.bind();
        } catch (ConfigException e) {
            throw ConfigOptions.failure(e);
        }
    }

    private static Daemon start(DaemonConfig config) {
        try {
            return Daemon.start(config);
        } catch (StartException e) {
            throw new CommandFailure(ExitCode.UNREACHABLE, String.valueOf(e.getMessage()), e);
        }
    }
}
