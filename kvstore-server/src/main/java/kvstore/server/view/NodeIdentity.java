package kvstore.server.view;

import java.time.Instant;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import kvstore.lustre.DirectoryLayout;
import kvstore.server.io.GuardedEngine;
import kvstore.server.region.GpuAccess;
import kvstore.store.PoolIdentity;

/**
 * Who answers, for {@code Hello} and {@code Stat}.
 *
 * @param version the daemon's release
 * @param engine for host memory
 * @param directory of the pool
 * @param layout what became of the stripe layout of this node's directory
 * @param started when the daemon was started
 * @param ready whether puts and gets are served
 */
public record NodeIdentity(
        String version,
        PoolIdentity pool,
        GuardedEngine engine,
        GpuAccess gpus,
        String directory,
        Supplier<DirectoryLayout.Result> layout,
        Instant started,
        BooleanSupplier ready) {}
