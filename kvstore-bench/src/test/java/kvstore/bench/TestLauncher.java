package kvstore.bench;

import java.util.ArrayList;
import java.util.List;

/** Starts daemons for tests. */
public final class TestLauncher {
    private TestLauncher() {}

    /** With this test's class path, and payload memory that is taken in no time. */
    public static DaemonLauncher withLittleMemory() {
        List<String> command = new ArrayList<>(DaemonLauncher.ofThisProcess().command());
        command.addAll(List.of("--set", "memory.slab-size=64MiB"));
        return new DaemonLauncher(command);
    }
}
