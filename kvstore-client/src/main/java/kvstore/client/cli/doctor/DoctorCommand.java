package kvstore.client.cli.doctor;

import com.google.gson.JsonObject;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import kvstore.client.KvStoreClient;
import kvstore.client.Target;
import kvstore.client.cli.ConnectionOptions;
import kvstore.client.cli.ExitCode;
import kvstore.client.cli.Json;
import kvstore.client.cli.KvStoreCommand;
import kvstore.client.cli.Table;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Compares a running daemon with how LMCache was told to run. Changes nothing. */
@Command(
        name = "doctor",
        description = {
            "Check that LMCache and the daemon fit: addresses, hashes, versions. Changes nothing.",
            "Exits with 1 if there is a problem."
        })
public final class DoctorCommand implements KvStoreCommand {
    @Spec
    private CommandSpec spec;

    @Mixin
    private ConnectionOptions connection;

    @Option(
            names = "--pid",
            paramLabel = "PID",
            description = "A running engine or lmcache server: its environment and its options are read from /proc.")
    private @Nullable Long pid;

    @Option(
            names = "--lmcache-config",
            paramLabel = "FILE",
            description = "LMCache's YAML file, for LMCache inside the engine. Default: LMCACHE_CONFIG_FILE of --pid.")
    private @Nullable Path lmcacheConfig;

    @Option(
            names = "--l2-adapter",
            paramLabel = "JSON",
            description = "As given to lmcache server. Default: that of --pid.")
    private @Nullable String l2Adapter;

    @Option(
            names = "--hash-algorithm",
            paramLabel = "NAME",
            description = "As given to lmcache server. Default: that of --pid.")
    private @Nullable String hashAlgorithm;

    @Option(
            names = "--chunk-size",
            paramLabel = "TOKENS",
            description = "As given to lmcache server. Default: that of --pid.")
    private @Nullable String chunkSize;

    @Option(
            names = "--env",
            paramLabel = "NAME=VALUE",
            description = "A variable of the engine's environment, such as PYTHONHASHSEED=0. May be given many times.")
    private Map<String, String> variables = new HashMap<>();

    @Option(
            names = "--block-size",
            paramLabel = "TOKENS",
            defaultValue = "16",
            description = "Tokens in a block of the engine's KV cache. Default: ${DEFAULT-VALUE}, as vLLM.")
    private int blockSize;

    @Option(
            names = "--python",
            paramLabel = "PATH",
            description = "The interpreter that LMCache is installed for: asked for versions and for LMCache's hashes.")
    private @Nullable String python;

    @Override
    public Integer call() {
        Engine engine = engine();
        List<Finding> findings = new ArrayList<>();
        try (KvStoreClient client = connection.connectWithoutHello()) {
            DaemonChecks.Result daemon = new DaemonChecks(connection, engine).ask(client);
            findings.addAll(daemon.findings());
            if (connection.target() instanceof Target.Unix) {
                findings.addAll(new SharedMemoryChecks(Path.of("/")).findings());
            }
            findings.addAll(new ConfigChecks(engine, Math.max(1, blockSize)).findings());
            if (python == null) {
                findings.add(Finding.skipped("hashes", "--python of LMCache's environment"));
            } else {
                findings.addAll(new HashChecks(engine, PythonProbe.run(python, engine))
                        .findings(daemon.daemon().map(_ -> client)));
            }
        }
        boolean problems = findings.stream().anyMatch(finding -> finding.verdict() == Finding.Verdict.PROBLEM);
        print(findings, problems);
        return (problems ? ExitCode.NO : ExitCode.OK).code();
    }

    private Engine engine() {
        Optional<Engine.RunningProcess> process = Optional.ofNullable(pid).map(Engine.RunningProcess::read);
        Map<String, String> environment = new HashMap<>();
        process.ifPresent(running -> environment.putAll(running.environment()));
        environment.putAll(variables);
        Optional<JsonObject> adapter = told(l2Adapter, process, "--l2-adapter").map(Engine::readAdapter);
        Optional<Path> config = Optional.ofNullable(lmcacheConfig)
                .or(() -> adapter.isPresent()
                        ? Optional.empty()
                        : Optional.ofNullable(environment.get("LMCACHE_CONFIG_FILE"))
                                .map(Path::of));
        return new Engine(
                config.map(Engine::readConfig),
                adapter,
                process.isEmpty() && variables.isEmpty() ? Optional.empty() : Optional.of(environment),
                told(hashAlgorithm, process, "--hash-algorithm").orElse(null),
                told(chunkSize, process, "--chunk-size").orElse(null));
    }

    /** An option of this command, or else of the running process. */
    private static Optional<String> told(@Nullable String own, Optional<Engine.RunningProcess> process, String name) {
        return Optional.ofNullable(own).or(() -> process.map(running -> running.option(name)));
    }

    private void print(List<Finding> findings, boolean problems) {
        PrintWriter out = spec.commandLine().getOut();
        if (connection.json()) {
            List<Map<String, Object>> rows = findings.stream()
                    .map(finding -> Json.object(
                            "check", finding.check(),
                            "found", finding.found(),
                            "verdict", finding.verdict().word(),
                            "cure", finding.cure()))
                    .toList();
            out.println(Json.write(Json.object("ok", !problems, "findings", rows)));
            return;
        }
        Table table = new Table().add("CHECK", "VERDICT", "FOUND");
        findings.forEach(finding -> table.add(finding.check(), finding.verdict().word(), finding.found()));
        out.print(table);
        findings.stream()
                .filter(finding -> !finding.cure().isEmpty())
                .forEach(finding -> out.println("%s (%s): %s"
                        .formatted(finding.check(), finding.verdict().word(), finding.cure())));
    }
}
