package kvstore.server.config;

import static kvstore.server.config.Settings.*;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import kvstore.gds.GdsConfig;
import kvstore.lustre.StripeLayout;
import kvstore.server.io.GuardConfig;
import kvstore.server.memory.SlabPool;
import kvstore.store.EvictionConfig;

/** Turns checked values into records, and checks what keys say about each other. */
final class ConfigBinder {
    /** What the store wants to have at least, or one eviction would forget too much. */
    private static final int MIN_SEGMENTS = 4;

    /** A value must not be able to waste more than half a segment when it does not fit behind the last one. */
    private static final int MIN_VALUES_PER_SEGMENT = 2;

    private final ConfigValues values;
    private final List<String> problems = new ArrayList<>();
    private final SecurityBinder security;

    ConfigBinder(ConfigValues values) {
        this.values = values;
        this.security = new SecurityBinder(values);
    }

    DaemonConfig bind() throws ConfigException {
        check();
        Optional<Path> directory = values.get(DATA_DIRECTORY);
        if (directory.isEmpty()) {
            problems.add("data.directory: is not set; say where chunks shall lie with --data DIR, with the variable "
                    + DATA_DIRECTORY.environmentName() + ", or in the file");
        }
        if (!problems.isEmpty() || directory.isEmpty()) {
            throw new ConfigException(problems);
        }
        return new DaemonConfig(
                values.get(NODE),
                data(directory.get()),
                capacity(),
                new GuardConfig(
                        values.get(IO_READ_BUDGET),
                        values.get(IO_WRITE_BUDGET),
                        values.get(IO_WRITE_BUDGET_BESIDE_READS),
                        values.get(IO_OPERATION_TIMEOUT),
                        values.get(IO_BREAKER_FAILURES),
                        values.get(IO_PROBE_INTERVAL)),
                lustre(),
                new MemoryConfig(values.get(MEMORY_SLAB_SIZE), values.get(MEMORY_WRITE_SHARE)),
                grpc(),
                region(),
                gds(),
                new RespConfig(
                        values.get(RESP_LISTEN),
                        values.get(RESP_MAX_CONNECTIONS),
                        values.get(RESP_EVENT_LOOP_THREADS),
                        values.get(RESP_LEASE_DURATION),
                        values.get(RESP_MAX_EXPIRIES)),
                new LmConfig(
                        values.get(LM_LISTEN),
                        values.get(LM_MAX_CONNECTIONS),
                        values.get(LM_EVENT_LOOP_THREADS),
                        values.get(LM_LEASE_DURATION)),
                new LeaseConfig(
                        values.get(LEASE_MAX_DURATION), values.get(LEASE_MAX_COUNT), values.get(LEASE_MAX_SHARE)),
                eviction(),
                new ExplainConfig(values.get(EXPLAIN_MAX_KEYS)),
                new ScrubConfig(values.get(SCRUB_RATE), values.get(SCRUB_INTERVAL)),
                new AdminConfig(values.get(ADMIN_LISTEN), values.get(ADMIN_PAGE)),
                new LogConfig(values.get(LOG_LEVEL), values.get(LOG_FORMAT)),
                new ShutdownConfig(values.get(SHUTDOWN_DRAIN_TIMEOUT)),
                security.bind(),
                new TracingConfig(values.get(TRACING_ENDPOINT), values.get(TRACING_SAMPLING_RATIO)));
    }

    private DataConfig data(Path directory) {
        Optional<Long> capacity = values.get(DATA_CAPACITY);
        return new DataConfig(
                directory,
                values.get(DATA_MORE_DIRECTORIES),
                capacity.map(OptionalLong::of).orElseGet(OptionalLong::empty),
                values.get(DATA_SEGMENT_SIZE),
                values.get(DATA_MAX_VALUE_SIZE),
                values.get(DATA_DIRECT_IO),
                values.get(DATA_READ_THREADS),
                values.get(DATA_WRITE_THREADS));
    }

    private CapacityConfig capacity() {
        return new CapacityConfig(
                values.get(CAPACITY_HIGH_WATERMARK),
                values.get(CAPACITY_LOW_WATERMARK),
                values.get(CAPACITY_FREE_SPACE_FLOOR).map(OptionalLong::of).orElseGet(OptionalLong::empty));
    }

    private LustreConfig lustre() {
        StripeLayout layout = new StripeLayout(
                values.get(LUSTRE_STRIPE_COUNT), values.get(LUSTRE_STRIPE_SIZE), values.get(LUSTRE_POOL));
        return new LustreConfig(values.get(LUSTRE_SET_LAYOUT) ? Optional.of(layout) : Optional.empty());
    }

    private GrpcConfig grpc() {
        return new GrpcConfig(
                values.get(GRPC_LISTEN),
                values.get(GRPC_UNIX_SOCKET),
                values.get(GRPC_UNIX_SOCKET_MODE),
                values.get(GRPC_FRAME_SIZE),
                values.get(GRPC_MAX_KEYS),
                values.get(GRPC_MAX_TOKENS),
                values.get(GRPC_FLOW_CONTROL_WINDOW),
                values.get(GRPC_MAX_CALLS_PER_CONNECTION),
                values.get(GRPC_EVENT_LOOP_THREADS),
                values.get(GRPC_STALL_TIMEOUT),
                values.get(GRPC_PUT_WAIT),
                values.get(GRPC_GET_WAIT));
    }

    private RegionConfig region() {
        Optional<Path> socket = values.get(REGION_SOCKET)
                .orElseGet(() -> values.get(GRPC_UNIX_SOCKET).map(path -> Path.of(path + ".regions")));
        return new RegionConfig(
                socket, values.get(REGION_ALLOWED_UIDS), values.get(REGION_MAX_COUNT), values.get(REGION_THREADS));
    }

    private EvictionConfig eviction() {
        return new EvictionConfig(
                values.get(EVICTION_POLICY),
                values.get(EVICTION_REINSERT_SHARE),
                Math.toIntExact(values.get(EVICTION_IDLE_TTL).toSeconds()),
                values.get(LEASE_MAX_SHARE));
    }

    private GdsConfig gds() {
        return new GdsConfig(
                values.get(GDS_MODE),
                values.get(GDS_COMPATIBILITY),
                library(GDS_CUFILE_LIBRARY),
                library(GDS_CUDA_LIBRARY),
                values.get(GDS_LOG_DIRECTORY).orElseGet(() -> Path.of(System.getProperty("java.io.tmpdir"))),
                values.get(GDS_READ_THREADS),
                values.get(GDS_WRITE_THREADS),
                values.get(GDS_PIECE_SIZE),
                values.get(GDS_BREAKER_FAILURES),
                Math.toIntExact(values.get(GDS_BREAKER_RETRY).toMillis()),
                Math.toIntExact(values.get(GDS_SHUTDOWN_TIMEOUT).toMillis()));
    }

    private String library(Setting<Optional<Path>> setting) {
        return values.get(setting).map(Path::toString).orElse("");
    }

    private void check() {
        Duration idle = values.get(EVICTION_IDLE_TTL);
        if (!idle.isZero() && idle.toSeconds() < EvictionConfig.IDLE_SECONDS_MIN) {
            problem(EVICTION_IDLE_TTL, "is neither 0s, for ever, nor 1m or more");
        } else if (values.get(EVICTION_POLICY) == EvictionConfig.Policy.IDLE
                && !idle.isZero()
                && idle.compareTo(values.get(LEASE_MAX_DURATION)) < 0) {
            problem(EVICTION_IDLE_TTL, "is shorter than " + said(LEASE_MAX_DURATION));
        }
        long segmentBytes = values.get(DATA_SEGMENT_SIZE);
        if (values.get(DATA_MAX_VALUE_SIZE) > segmentBytes / MIN_VALUES_PER_SEGMENT) {
            problem(DATA_MAX_VALUE_SIZE, "is more than half of " + said(DATA_SEGMENT_SIZE));
        }
        long valuesInSegments = MIN_SEGMENTS * values.get(DATA_MAX_VALUE_SIZE);
        if (values.get(DATA_CAPACITY).filter(bytes -> bytes < valuesInSegments).isPresent()) {
            problem(DATA_CAPACITY, "is less than four times " + said(DATA_MAX_VALUE_SIZE));
        }
        List<Path> more = values.get(DATA_MORE_DIRECTORIES);
        if (values.get(DATA_DIRECTORY).filter(more::contains).isPresent()
                || Set.copyOf(more).size() < more.size()) {
            problem(DATA_MORE_DIRECTORIES, "names a directory twice, with " + said(DATA_DIRECTORY));
        }
        if (values.get(CAPACITY_LOW_WATERMARK) > values.get(CAPACITY_HIGH_WATERMARK)) {
            problem(CAPACITY_LOW_WATERMARK, "is more than " + said(CAPACITY_HIGH_WATERMARK));
        }
        if (values.get(MEMORY_WRITE_SHARE) * values.get(MEMORY_SLAB_SIZE) < SlabPool.MAX_SLAB_BYTES) {
            problem(
                    MEMORY_WRITE_SHARE,
                    "leaves puts less than %s, with %s"
                            .formatted(Sizes.format(SlabPool.MAX_SLAB_BYTES), said(MEMORY_SLAB_SIZE)));
        }
        if (values.get(GRPC_LISTEN).isEmpty() && values.get(GRPC_UNIX_SOCKET).isEmpty()) {
            problem(GRPC_LISTEN, "leaves no way to reach the daemon, with " + said(GRPC_UNIX_SOCKET));
        }
        problems.addAll(security.problems());
    }

    private void problem(Setting<?> setting, String sentence) {
        problems.add(values.problem(setting, sentence));
    }

    private String said(Setting<?> setting) {
        return values.said(setting);
    }
}
