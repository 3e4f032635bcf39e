package kvstore.server.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import kvstore.gds.GdsConfig;
import kvstore.lustre.EngineConfig.DirectMode;
import kvstore.lustre.StripeLayout;
import kvstore.server.io.GuardConfig;
import kvstore.store.EvictionConfig;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.event.Level;

final class ConfigValuesTest {
    @TempDir
    private Path directory;

    @Test
    void everyKeyOfAFileIsTaken() throws Exception {
        Path file = write("""
                node: dgx-01.rack_2
                data:
                  directory: pool
                  more-directories: /mnt/a, /mnt/b
                  capacity: 2TiB
                  segment-size: 2GiB
                  max-value-size: 1048576
                  direct-io: require
                  read-threads: 16
                  write-threads: 2
                capacity: {high-watermark: 0.9, low-watermark: 0.8, free-space-floor: 1TiB}
                io:
                  read-budget: 100MiB
                  write-budget: 50MiB
                  write-budget-beside-reads: 10MiB
                  operation-timeout: 7s
                  breaker-failures: 8
                  probe-interval: 9s
                lustre: {set-layout: true, stripe-count: 4, stripe-size: 64MiB, pool: flash-1}
                memory:
                  slab-size: 256MiB
                  write-share: 0.25
                grpc:
                  listen: "[::1]:0"
                  unix-socket: /run/kvstore/kvstore.sock
                  unix-socket-mode: 0600
                  frame-size: 960KiB
                  max-keys: 10
                  max-tokens: 2000
                  flow-control-window: 8 MiB
                  max-calls-per-connection: 11
                  event-loop-threads: 3
                  stall-timeout: 1m
                  put-wait: 0ms
                  get-wait: 1500ms
                resp:
                  listen: 127.0.0.1:6379
                  users-file: /t/users
                  max-connections: 12
                  event-loop-threads: 2
                  lease-duration: 5s
                  max-expiries: 0
                lm: {listen: "127.0.0.1:65432", max-connections: 7, event-loop-threads: 4, lease-duration: 9s}
                lease: {max-duration: 10s, max-count: 12, max-share: 0.25}
                eviction: {policy: idle, reinsert-share: 0.2, idle-ttl: 1h}
                explain: {max-keys: 9}
                scrub: {rate: 100MiB, interval: 24h}
                admin:
                  listen: null
                region:
                  socket: /run/kvstore/memory.sock
                  allowed-uids: "1000, 7"
                  max-count: 5
                  threads: 6
                gds:
                  mode: require
                  compatibility: cufile
                  cufile-library: /opt/libcufile.so.0
                  cuda-library: /opt/libcuda.so.1
                  log-directory: /var/log/kvstore
                  read-threads: 9
                  write-threads: 8
                  piece-size: 8MiB
                  breaker-failures: 3
                  breaker-retry: 7s
                  shutdown-timeout: 4s
                log:
                  level: debug
                  format: json
                shutdown:
                  drain-timeout: 5s
                insecure: resp, admin
                tls: {certificate: /t/a.crt, key: /t/a.key, client-ca: /t/ca.crt, reload-interval: 1m}
                tenants: {file: /t/tenants.yaml}
                audit: {file: /t/audit}
                tracing: {endpoint: "http://otel:4318/v1/traces", sampling-ratio: 0.5}
                """);

        assertThat(DaemonConfig.load(Optional.of(file), Map.of(), List.of()))
                .isEqualTo(new DaemonConfig(
                        "dgx-01.rack_2",
                        new DataConfig(
                                Path.of("pool").toAbsolutePath(),
                                List.of(Path.of("/mnt/a"), Path.of("/mnt/b")),
                                OptionalLong.of(2L << 40),
                                2L << 30,
                                1 << 20,
                                DirectMode.REQUIRE,
                                16,
                                2),
                        new CapacityConfig(0.9, 0.8, OptionalLong.of(1L << 40)),
                        new GuardConfig(100 << 20, 50 << 20, 10 << 20, Duration.ofSeconds(7), 8, Duration.ofSeconds(9)),
                        new LustreConfig(Optional.of(new StripeLayout(4, 64 << 20, "flash-1"))),
                        new MemoryConfig(256 << 20, 0.25),
                        new GrpcConfig(
                                Optional.of(new InetSocketAddress(InetAddress.ofLiteral("::1"), 0)),
                                Optional.of(Path.of("/run/kvstore/kvstore.sock")),
                                PosixFilePermissions.fromString("rw-------"),
                                960 << 10,
                                10,
                                2000,
                                8 << 20,
                                11,
                                3,
                                Duration.ofMinutes(1),
                                Duration.ZERO,
                                Duration.ofMillis(1500)),
                        new RegionConfig(Optional.of(Path.of("/run/kvstore/memory.sock")), Set.of(7, 1000), 5, 6),
                        new GdsConfig(
                                GdsConfig.Mode.REQUIRE,
                                GdsConfig.Compatibility.CUFILE,
                                "/opt/libcufile.so.0",
                                "/opt/libcuda.so.1",
                                Path.of("/var/log/kvstore"),
                                9,
                                8,
                                8 << 20,
                                3,
                                7000,
                                4000),
                        new RespConfig(
                                Optional.of(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 6379)),
                                12,
                                2,
                                Duration.ofSeconds(5),
                                0),
                        new LmConfig(
                                Optional.of(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 65432)),
                                7,
                                4,
                                Duration.ofSeconds(9)),
                        new LeaseConfig(Duration.ofSeconds(10), 12, 0.25),
                        new EvictionConfig(EvictionConfig.Policy.IDLE, 0.2, 3600, 0.25),
                        new ExplainConfig(9),
                        new ScrubConfig(Optional.of(100L << 20), Duration.ofDays(1)),
                        new AdminConfig(Optional.empty(), AdminConfig.Page.LOCAL),
                        new LogConfig(Level.DEBUG, LogConfig.Format.JSON),
                        new ShutdownConfig(Duration.ofSeconds(5)),
                        new SecurityConfig(
                                Set.of(SecurityConfig.Door.RESP, SecurityConfig.Door.ADMIN),
                                Optional.of(new TlsConfig(
                                        Path.of("/t/a.crt"),
                                        Path.of("/t/a.key"),
                                        Path.of("/t/ca.crt"),
                                        Duration.ofMinutes(1))),
                                Optional.of(Path.of("/t/tenants.yaml")),
                                Optional.of(Path.of("/t/users")),
                                Optional.of(Path.of("/t/audit"))),
                        new TracingConfig(Optional.of(URI.create("http://otel:4318/v1/traces")), 0.5)));
    }

    @Test
    void laterSourceWins() throws Exception {
        Path file = write("data:\n  directory: /file\n  read-threads: 1\n  write-threads: 1\n");
        Map<String, String> environment = Map.of("KVSTORE_DATA_READ_THREADS", "2", "KVSTORE_DATA_WRITE_THREADS", "2");
        List<String> sets = List.of("data.write-threads=3");

        ConfigValues values = ConfigValues.load(Optional.of(file), environment, sets);

        assertThat(values.effective())
                .filteredOn(value -> value.section().equals("data"))
                .contains(
                        new EffectiveValue("data.directory", "/file", file + ":2"),
                        new EffectiveValue("data.max-value-size", "512MiB", "default"),
                        new EffectiveValue("data.read-threads", "2", "KVSTORE_DATA_READ_THREADS"),
                        new EffectiveValue("data.write-threads", "3", "--set"));
    }

    @Test
    void laterSetWins() throws ConfigException {
        List<String> sets = List.of("data.directory=/a", "data.directory=/b=c");

        assertThat(DaemonConfig.load(Optional.empty(), Map.of(), sets).data().directory())
                .isEqualTo(Path.of("/b=c"));
    }

    @Test
    void unknownVariableIsAWarning() throws ConfigException {
        Map<String, String> environment = Map.of(
                "KVSTORE_DATA_DIRECTORY", "/pool",
                "KVSTORE_DATA_DIR", "/pool",
                "KVSTORE_TARGET", "localhost:1",
                "KVSTORE_JAVA_OPTS", "-Xmx1g",
                "PATH", "/bin");

        ConfigValues values = ConfigValues.load(Optional.empty(), environment, List.of());

        assertThat(values.warnings())
                .containsExactly(
                        "KVSTORE_DATA_DIR: is not a key and has no effect; did you mean KVSTORE_DATA_DIRECTORY?");
        assertThat(values.bind().data().directory()).isEqualTo(Path.of("/pool"));
    }

    @Test
    void emptyFileSectionAndVariableAreFine() throws Exception {
        Path file = write("data:\n\nlog: {}\n");
        Map<String, String> environment = Map.of("KVSTORE_ADMIN_LISTEN", "");

        DaemonConfig config = DaemonConfig.load(Optional.of(file), environment, List.of("data.directory=/pool"));

        assertThat(config.admin().listen()).isEmpty();
        assertThat(DaemonConfig.load(Optional.of(write("")), environment, List.of("data.directory=/pool")))
                .isEqualTo(config);
    }

    @Test
    void valuesThatAreWrongForEachOtherAreStillShown() throws ConfigException {
        assertThat(ConfigValues.load(Optional.empty(), Map.of(), List.of()).effective())
                .contains(new EffectiveValue("data.directory", "", "default"));
    }

    @Test
    void adminMayListenToOtherMachines() throws ConfigException {
        List<String> sets = List.of("data.directory=/pool", "admin.listen=0.0.0.0:7421", "insecure=admin");

        assertThat(DaemonConfig.load(Optional.empty(), Map.of(), sets).admin().listen())
                .contains(new InetSocketAddress(InetAddress.ofLiteral("0.0.0.0"), 7421));
    }

    private Path write(String yaml) throws IOException {
        return Files.writeString(directory.resolve("kvstore.yaml"), yaml);
    }
}
