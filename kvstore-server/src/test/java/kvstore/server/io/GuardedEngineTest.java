package kvstore.server.io;

import java.nio.file.Path;
import java.time.Duration;
import kvstore.api.IoEngine;
import kvstore.api.IoFailure;
import kvstore.lustre.EngineConfig;
import kvstore.lustre.PosixEngine;
import kvstore.testkit.IoEngineContract;
import kvstore.testkit.TestDirectory;

/** It is an engine like the one behind it. */
final class GuardedEngineTest extends IoEngineContract {
    private static final GuardConfig CONFIG =
            new GuardConfig(1 << 20, 1 << 20, 1 << 20, Duration.ofSeconds(30), 32, Duration.ofMillis(20));

    @Override
    protected Path parent() {
        return TestDirectory.BUILD;
    }

    @Override
    protected IoEngine openEngine(Path directory) throws IoFailure {
        GuardedEngine guarded = new GuardedEngine(PosixEngine.open(EngineConfig.defaults(), directory), CONFIG);
        guarded.guard(directory.resolve(".probe"), _ -> {});
        return guarded;
    }
}
