package kvstore.server.grpc;

import java.time.Instant;
import java.util.function.BooleanSupplier;
import kvstore.api.IoEngine;
import kvstore.server.region.GpuAccess;
import kvstore.store.PoolIdentity;

/**
 * Who answers, for {@code Hello} and {@code Stat}.
 *
 * @param version the daemon's release
 * @param engine for host memory
 * @param directory of this node's segments
 * @param started when the daemon was started
 * @param ready whether puts and gets are served
 */
public record NodeIdentity(
        String version,
        PoolIdentity pool,
        IoEngine engine,
        GpuAccess gpus,
        String directory,
        Instant started,
        BooleanSupplier ready) {}
