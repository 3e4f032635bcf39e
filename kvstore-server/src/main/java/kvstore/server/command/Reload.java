package kvstore.server.command;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;
import kvstore.server.config.ConfigException;
import kvstore.server.config.ConfigValues;
import kvstore.server.config.DaemonConfig;
import kvstore.server.config.EffectiveValue;
import kvstore.server.log.Logging;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads the configuration again. What can be changed while the daemon runs is changed; every other key that differs from
 * what runs is named, and nothing else happens to it. A configuration with a mistake changes nothing.
 */
final class Reload {
    private static final Logger log = LoggerFactory.getLogger(Reload.class);

    /** What can be changed while the daemon runs. */
    static final Set<String> CHANGEABLE = Set.of(
            "log.level",
            "log.format",
            "tls.certificate",
            "tls.key",
            "tls.client-ca",
            "audit.file",
            "tenants.file",
            "resp.users-file");

    private final Supplier<ConfigValues> source;
    private final Consumer<DaemonConfig> daemon;
    private final Map<String, String> running = new HashMap<>();

    /**
     * Nothing is read before {@link #run}.
     *
     * @param running what the daemon was started with
     * @param daemon takes what it can change; hears of each configuration without a mistake, because the files that it names
     *     may have changed where it has not
     */
    Reload(List<EffectiveValue> running, Supplier<ConfigValues> source, Consumer<DaemonConfig> daemon) {
        this.daemon = daemon;
        this.source = source;
        running.forEach(value -> this.running.put(value.path(), value.value()));
    }

    /** Called by one thread at a time. */
    void run() {
        try {
            ConfigValues values = source.get();
            DaemonConfig config = values.bind();
            List<EffectiveValue> changed = values.effective().stream()
                    .filter(value -> !value.value().equals(running.get(value.path())))
                    .toList();
            changed.stream().filter(value -> !canChange(value)).forEach(this::refuse);
            List<EffectiveValue> applied =
                    changed.stream().filter(this::canChange).toList();
            if (!applied.isEmpty()) {
                Logging.configure(config.log(), config.security().auditFile());
            }
            daemon.accept(config);
            applied.forEach(this::applied);
            log.atInfo()
                    .addKeyValue("changed", applied.size())
                    .addKeyValue("refused", changed.size() - applied.size())
                    .log("the configuration was read again");
        } catch (ConfigException e) {
            e.problems()
                    .forEach(problem -> log.atError()
                            .addKeyValue("problem", problem)
                            .log("the configuration is wrong; what runs stays as it is"));
        }
    }

    /** Files may be others, but what has none, or shall have none any more, stays as it is. */
    private boolean canChange(EffectiveValue value) {
        return value.path().equals("audit.file")
                || (CHANGEABLE.contains(value.path())
                        && !value.value().isEmpty()
                        && !running.getOrDefault(value.path(), "").isEmpty());
    }

    private void applied(EffectiveValue value) {
        log.atInfo()
                .addKeyValue("key", value.path())
                .addKeyValue("was", running.put(value.path(), value.value()))
                .addKeyValue("is", value.value())
                .log("a setting was changed");
    }

    private void refuse(EffectiveValue value) {
        log.atWarn()
                .addKeyValue("key", value.path())
                .addKeyValue("runs", running.get(value.path()))
                .addKeyValue("configured", value.value())
                .log("a setting cannot be changed while the daemon runs; it holds after a restart");
    }
}
