package kvstore.server.command;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import kvstore.client.cli.CommandFailure;
import kvstore.client.cli.ExitCode;
import kvstore.client.cli.KvStoreCommand;
import kvstore.server.Daemon;
import kvstore.server.StartException;
import kvstore.server.config.ConfigException;
import kvstore.server.config.ConfigValues;
import kvstore.server.config.DaemonConfig;
import kvstore.server.config.EffectiveValue;
import kvstore.server.log.Logging;
import kvstore.server.service.ServiceManager;
import kvstore.server.service.Supervision;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code kvstore serve}: the daemon, until SIGTERM or SIGINT. */
@Command(
        name = "serve",
        description = {
            "Run the daemon until SIGTERM or SIGINT. SIGHUP reads the configuration again.",
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
        Logging.configure(config.log(), config.security().auditFile());
        values.warnings().forEach(LOG::warn);
        Supervision supervision = new Supervision(
                ServiceManager.of(System.getenv(), ProcessHandle.current().pid()));
        supervision.starting();
        CompletableFuture<Daemon> started = new CompletableFuture<>();
        // Before the start: a signal that comes during it waits for its end, and is then as clean a stop as any other.
        StopSignal signal = StopSignal.install(
                () -> started.thenAccept(daemon -> stop(daemon, supervision))
                        .exceptionally(_ -> null)
                        .join(),
                config.shutdown().drainTimeout());
        List<EffectiveValue> running = effective(values);
        try (supervision;
                Daemon daemon = start(config, running)) {
            Reload reload = new Reload(running, () -> options.load(System.getenv()), daemon::reload);
            HangUpSignal.install(() -> supervision.reloading(reload::run));
            supervision.serving(daemon.eventLoops(), daemon::summary);
            started.complete(daemon);
            daemon.awaitTermination();
        } catch (CommandFailure e) {
            started.completeExceptionally(e);
            signal.remove();
            throw e;
        }
        return ExitCode.OK.code();
    }

    private static void stop(Daemon daemon, Supervision supervision) {
        supervision.stopping();
        daemon.close();
    }

    private static List<EffectiveValue> effective(ConfigValues values) {
        try {
            return values.effective();
        } catch (ConfigException e) {
            throw ConfigOptions.failure(e);
        }
    }

    private static DaemonConfig bind(ConfigValues values) {
        try {
            return values.bind();
        } catch (ConfigException e) {
            throw ConfigOptions.failure(e);
        }
    }

    private static Daemon start(DaemonConfig config, List<EffectiveValue> effective) {
        try {
            return Daemon.start(config, effective);
        } catch (StartException e) {
            throw new CommandFailure(ExitCode.UNREACHABLE, String.valueOf(e.getMessage()), e);
        }
    }
}
