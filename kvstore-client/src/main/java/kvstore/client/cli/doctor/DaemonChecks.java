package kvstore.client.cli.doctor;

import static kvstore.client.cli.doctor.Finding.note;
import static kvstore.client.cli.doctor.Finding.ok;
import static kvstore.client.cli.doctor.Finding.problem;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import kvstore.client.ClientOptions;
import kvstore.client.KvStoreClient;
import kvstore.client.KvStoreException;
import kvstore.client.Target;
import kvstore.client.cli.ConnectionOptions;
import kvstore.v1.HelloResponse;

/** Whether the daemon answers, and whether it is the one that LMCache is told of. */
final class DaemonChecks {
    private final ConnectionOptions connection;
    private final Engine engine;

    DaemonChecks(ConnectionOptions connection, Engine engine) {
        this.connection = connection;
        this.engine = engine;
    }

    /** @param daemon what it said, if it did */
    record Result(List<Finding> findings, Optional<HelloResponse> daemon) {}

    /** @param client of the daemon that this command was told of */
    Result ask(KvStoreClient client) {
        List<Finding> findings = new ArrayList<>();
        HelloResponse daemon;
        try {
            daemon = client.hello();
        } catch (KvStoreException e) {
            findings.add(problem("daemon", "no answer", e.getMessage() + ""));
            return new Result(findings, Optional.empty());
        }
        String found = "%s at %s, node %s".formatted(daemon.getServerVersion(), connection.target(), daemon.getNode());
        findings.add(
                daemon.getLimits().getTokens() == 0
                        ? problem("daemon", found + ", which cannot hash prompts", "upgrade the daemon")
                        : ok("daemon", found));
        if (daemon.getIoPath().equals("buffered")) {
            findings.add(note("I/O path", "buffered", "`kvstore stat` has the reason why O_DIRECT is not used"));
        }
        adapterTarget().ifPresent(target -> findings.add(sameDaemon(target, daemon)));
        return new Result(findings, Optional.of(daemon));
    }

    private Optional<String> adapterTarget() {
        return engine.adapter()
                .map(adapter -> adapter.get("adapter_params"))
                .filter(JsonElement::isJsonObject)
                .map(JsonElement::getAsJsonObject)
                .filter((JsonObject parameters) -> parameters.has("target"))
                .map(parameters -> ConfigChecks.text(parameters, "target"));
    }

    /** Two addresses may lead to one daemon, so it is asked at the other one too. */
    private Finding sameDaemon(String text, HelloResponse daemon) {
        String check = "adapter's target";
        Target target;
        try {
            target = Target.parse(text);
        } catch (IllegalArgumentException e) {
            return problem(check, text, e.getMessage() + "");
        }
        ClientOptions options = connection
                .withTls(ClientOptions.defaults())
                .withTimeout(connection.timeout())
                .withTransferConnections(1)
                .withClientName("kvstore-doctor");
        try (KvStoreClient client = KvStoreClient.connect(target, options)) {
            HelloResponse other = client.hello();
            return other.getPool().equals(daemon.getPool())
                            && other.getNode().equals(daemon.getNode())
                            && other.getEpoch() == daemon.getEpoch()
                    ? ok(check, text)
                    : problem(
                            check,
                            "%s is node %s, another daemon".formatted(text, other.getNode()),
                            "the target in adapter_params, or --target of this command");
        } catch (KvStoreException e) {
            return problem(check, text, e.getMessage() + "");
        }
    }
}
