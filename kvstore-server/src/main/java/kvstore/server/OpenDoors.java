package kvstore.server;

import java.net.InetSocketAddress;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import kvstore.server.config.DaemonConfig;
import kvstore.server.config.SecurityConfig.Door;

/** Doors that other machines reach without TLS. */
final class OpenDoors {
    private OpenDoors() {}

    /** One of them. */
    record OpenDoor(String name, InetSocketAddress address) {}

    static List<OpenDoor> of(DaemonConfig config) {
        Map<Door, Optional<InetSocketAddress>> plain = new EnumMap<>(Map.of(
                Door.RESP, config.resp().listen(),
                Door.LM, config.lm().listen(),
                Door.ADMIN, config.admin().listen()));
        if (config.security().tls().isEmpty()) {
            plain.put(Door.GRPC, config.grpc().listen());
        }
        return plain.entrySet().stream()
                .flatMap(entry -> entry.getValue().stream()
                        .filter(address -> !address.getAddress().isLoopbackAddress())
                        .map(address -> new OpenDoor(entry.getKey().label(), address)))
                .toList();
    }
}
