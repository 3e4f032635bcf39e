package kvstore.server.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
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
import kvstore.store.StoreConfig;
import org.junit.jupiter.api.Test;
import org.slf4j.event.Level;

final class DefaultsTest {
    @Test
    void defaultsAreThese() throws ConfigException {
        DaemonConfig config = DaemonConfig.load(Optional.empty(), Map.of(), List.of("data.directory=/pool"));

        assertThat(config)
                .isEqualTo(new DaemonConfig(
                        Machine.hostName(),
                        new DataConfig(
                                Path.of("/pool"),
                                List.of(),
                                OptionalLong.empty(),
                                1L << 30,
                                512L << 20,
                                DirectMode.AUTO,
                                8,
                                4),
                        new CapacityConfig(0.95, 0.92, OptionalLong.empty()),
                        new GuardConfig(
                                512L << 20, 256L << 20, 32L << 20, Duration.ofSeconds(30), 32, Duration.ofSeconds(1)),
                        new LustreConfig(Optional.of(new StripeLayout(1, 16 << 20, ""))),
                        new MemoryConfig(Machine.slabSizeBytes(), 0.5),
                        new GrpcConfig(
                                Optional.of(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 7420)),
                                Optional.empty(),
                                PosixFilePermissions.fromString("rw-rw----"),
                                512 << 10,
                                8192,
                                1_048_576,
                                4 << 20,
                                256,
                                Machine.eventLoopThreads(),
                                Duration.ofSeconds(30),
                                Duration.ofSeconds(2),
                                Duration.ofSeconds(10)),
                        new RegionConfig(Optional.empty(), Set.of(), 256, Machine.regionThreads()),
                        GdsConfig.defaults(Path.of(System.getProperty("java.io.tmpdir"))),
                        new RespConfig(
                                Optional.empty(), 1024, Machine.eventLoopThreads(), Duration.ofSeconds(60), 65_536),
                        new LmConfig(Optional.empty(), 1024, Machine.eventLoopThreads(), Duration.ofSeconds(60)),
                        new LeaseConfig(Duration.ofSeconds(60), 100_000, 0.5),
                        new EvictionConfig(EvictionConfig.Policy.REINSERT, 0.1, 600, 0.5),
                        new ExplainConfig(100_000),
                        new ScrubConfig(Optional.empty(), Duration.ofDays(7)),
                        new AdminConfig(
                                Optional.of(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 7421)),
                                AdminConfig.Page.LOCAL),
                        new LogConfig(Level.INFO, LogConfig.Format.TEXT),
                        new ShutdownConfig(Duration.ofSeconds(20)),
                        new SecurityConfig(
                                Set.of(), Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty()),
                        new TracingConfig(Optional.empty(), 0.01)));
    }

    @Test
    void autoFitsTheMachine() {
        assertThat(Machine.hostName()).matches("[A-Za-z0-9][A-Za-z0-9._-]{0,63}");
        assertThat(Machine.slabSizeBytes()).isBetween(32L << 20, 2L << 30);
        assertThat(Machine.slabSizeBytes() % (16L << 20)).isZero();
        assertThat(Machine.eventLoopThreads()).isBetween(2, 8);
    }

    @Test
    void memoryIsHandedOverBesideTheUnixSocket() throws ConfigException {
        assertThat(socketOf("grpc.unix-socket=/run/s")).contains(Path.of("/run/s.regions"));
        assertThat(socketOf("grpc.unix-socket=/run/s", "region.socket=/run/other"))
                .contains(Path.of("/run/other"));
        assertThat(socketOf("grpc.unix-socket=/run/s", "region.socket=")).isEmpty();
        assertThat(socketOf()).isEmpty();
    }

    private static Optional<Path> socketOf(String... sets) throws ConfigException {
        List<String> all = new ArrayList<>(List.of(sets));
        all.add("data.directory=/pool");
        return DaemonConfig.load(Optional.empty(), Map.of(), all).region().socket();
    }

    @Test
    void largestValueIsOneThatTheStoreTakes() {
        assertThat(Settings.DATA_MAX_VALUE_SIZE.parse("1000MiB")).isLessThanOrEqualTo(StoreConfig.LARGEST_VALUE_BYTES);
        assertThat(Sizes.parse("16GiB")).isLessThanOrEqualTo(StoreConfig.LARGEST_SEGMENT_BYTES);
    }
}
