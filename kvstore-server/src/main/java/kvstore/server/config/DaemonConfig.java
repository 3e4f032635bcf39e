package kvstore.server.config;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import kvstore.gds.GdsConfig;
import kvstore.server.io.GuardConfig;
import kvstore.store.EvictionConfig;

/**
 * All that a daemon was told, checked and complete.
 *
 * @param node name of this node, unique in its pool; usable as a file name
 */
public record DaemonConfig(
        String node,
        DataConfig data,
        CapacityConfig capacity,
        GuardConfig io,
        LustreConfig lustre,
        MemoryConfig memory,
        GrpcConfig grpc,
        RegionConfig region,
        GdsConfig gds,
        RespConfig resp,
        LmConfig lm,
        LeaseConfig lease,
        EvictionConfig eviction,
        ExplainConfig explain,
        ScrubConfig scrub,
        AdminConfig admin,
        LogConfig log,
        ShutdownConfig shutdown,
        SecurityConfig security,
        TracingConfig tracing) {

    /**
     * Reads the configuration: defaults, then the file, then the environment, then {@code sets}; the later wins.
     *
     * @param file a YAML file
     * @param environment such as {@link System#getenv()}; {@code KVSTORE_DATA_DIRECTORY} stands for
     *     {@code data.directory}, and so on
     * @param sets {@code key=value}, as after {@code --set}
     * @throws ConfigException with everything that is wrong, not only the first
     */
    public static DaemonConfig load(Optional<Path> file, Map<String, String> environment, List<String> sets)
            throws ConfigException {
        return ConfigValues.load(file, environment, sets).bind();
    }
}
