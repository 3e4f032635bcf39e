package kvstore.server.config;

import static kvstore.server.config.Settings.*;

import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import kvstore.server.config.SecurityConfig.Door;

/** The part of {@link ConfigBinder} about who may come in: no door stands open by mistake. */
final class SecurityBinder {
    private final ConfigValues values;

    SecurityBinder(ConfigValues values) {
        this.values = values;
    }

    SecurityConfig bind() {
        return new SecurityConfig(
                values.get(INSECURE),
                values.get(TLS_CERTIFICATE)
                        .map(certificate -> new TlsConfig(
                                certificate,
                                values.get(TLS_KEY).orElseThrow(),
                                values.get(TLS_CLIENT_CA).orElseThrow(),
                                values.get(TLS_RELOAD_INTERVAL))),
                values.get(TENANTS_FILE),
                values.get(RESP_USERS_FILE),
                values.get(AUDIT_FILE));
    }

    /** What is wrong with values that are right by themselves. */
    List<String> problems() {
        List<String> problems = new ArrayList<>();
        checkTls(problems);
        Map<Door, Setting<Optional<InetSocketAddress>>> plain = new EnumMap<>(Map.of(
                Door.RESP, RESP_LISTEN,
                Door.LM, LM_LISTEN,
                Door.ADMIN, ADMIN_LISTEN));
        if (values.get(TLS_CERTIFICATE).isEmpty()) {
            plain.put(Door.GRPC, GRPC_LISTEN);
        }
        plain.forEach((door, listen) -> {
            if (isReachable(values.get(listen)) && !values.get(INSECURE).contains(door)) {
                problems.add(values.problem(
                        listen,
                        "can be reached from other machines, and without TLS%s; or say insecure: %s"
                                .formatted(
                                        door == Door.GRPC ? ": set tls.certificate" : ": use 127.0.0.1",
                                        ValueType.doors().formatter().apply(Set.of(door)))));
            }
        });
        return problems;
    }

    private void checkTls(List<String> problems) {
        List<Setting<Optional<Path>>> files = List.of(TLS_CERTIFICATE, TLS_KEY, TLS_CLIENT_CA);
        Stream<Setting<Optional<Path>>> missing =
                files.stream().filter(file -> values.get(file).isEmpty());
        Optional<Setting<Optional<Path>>> set =
                files.stream().filter(file -> values.get(file).isPresent()).findFirst();
        set.ifPresent(one -> missing.forEach(
                file -> problems.add(values.problem(file, "is not set, and has to be with " + values.said(one)))));
    }

    private static boolean isReachable(Optional<InetSocketAddress> listen) {
        return listen.filter(address -> !address.getAddress().isLoopbackAddress())
                .isPresent();
    }
}
