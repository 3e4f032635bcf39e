package kvstore.bench.demo;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.function.Consumer;
import kvstore.bench.CleanUp;
import kvstore.bench.DaemonLauncher;
import kvstore.bench.DaemonProcess;
import kvstore.bench.DiskSpace;
import kvstore.bench.StoreSize;
import kvstore.bench.Throughput;
import kvstore.bench.Workspace;
import kvstore.client.cli.CommandFailure;
import kvstore.client.cli.Progress;
import kvstore.lustre.NativeMemory;
import kvstore.v1.StatResponse;

/**
 * Stores a prompt's KV cache, looks it up and loads it, restarts the daemon and does so again, then asks the same of plain
 * files.
 *
 * @param prompt what is stored
 * @param launcher starts the daemon
 * @param progress tells what goes on
 * @param cleanUp takes the daemon and the directory, which are there when {@link #run} returns
 * @param whileDown called with the directory of the daemon's data between its two runs, for tests that damage it
 */
record Demo(Prompt prompt, DaemonLauncher launcher, Progress progress, CleanUp cleanUp, Consumer<Path> whileDown) {
    private static final long MEMORY_BYTES_MAX = 1L << 30;
    private static final int IN_FLIGHT = 8;

    /**
     * Java compiles what is used most while it runs, and a daemon in service has that behind it. The restarted one is
     * measured without.
     */
    private static final int WARM_UP_CHUNKS = 16;

    private static final long WARM_UP_SEED = 1;

    /** Segments of 258 MiB for the usual prompt: the last, partly filled one takes little disk. */
    private static final int CHUNKS_IN_SEGMENT = 8;

    private static final long KEPT_VALUE_BYTES = 256L << 20;
    private static final long KEPT_BYTES_MIN = 6L << 30;
    private static final int KEPT_VALUES_IN_SEGMENT = 4;

    /**
     * What the demo found out and left behind.
     *
     * @param daemon up, with the prompt in its store
     * @param directory holds all that the demo wrote
     * @param log of the daemon
     * @param capacityBytes of its store
     */
    record Outcome(DemoReport report, DaemonProcess daemon, Path directory, Path log, long capacityBytes) {}

    private record FirstRun(Throughput store, Visit visit) {}

    private record SecondRun(Visit visit, StatResponse stat) {}

    /**
     * Runs all of it.
     *
     * @param parent gets a directory of the demo's own
     * @param detached whether the daemon may outlive this process, for use by LMCache
     * @throws CommandFailure if there is not enough disk, a daemon does not start, or a chunk is not stored
     */
    Outcome run(Path parent, boolean detached) {
        Prompt warmUp =
                Prompt.of(prompt.shape(), WARM_UP_CHUNKS * prompt.shape().chunkTokens(), WARM_UP_SEED);
        StoreSize size = detached ? sizeToKeep(prompt.bytes() + warmUp.bytes()) : size(warmUp.chunks());
        DiskSpace.require(
                parent,
                size.capacityBytes() + prompt.bytes(),
                "take fewer tokens with --tokens, or another disk with --directory"
                        + (detached ? ", or leave out --keep" : ""));
        Workspace workspace = Workspace.create(parent, "kvstore-demo-", cleanUp);
        Path data = workspace.path().resolve("pool");
        Path log = workspace.path().resolve("daemon.log");
        DaemonProcess.Setup setup = new DaemonProcess.Setup(data, workspace.socket(), log, size.settings(), detached);
        long chunkBytes = prompt.shape().chunkBytes();
        long slots = Math.clamp(MEMORY_BYTES_MAX / chunkBytes, 1, prompt.chunks());
        try (NativeMemory memory = NativeMemory.map(slots * chunkBytes)) {
            MemorySegment window = memory.segment();

            progress.say("starting the daemon");
            DaemonProcess daemon = DaemonProcess.start(launcher, setup, cleanUp);
            FirstRun first = firstRun(daemon, window, warmUp);

            progress.say("restarting the daemon");
            daemon.stop();
            whileDown.accept(data);
            daemon = DaemonProcess.start(launcher, setup, cleanUp);
            SecondRun second = secondRun(daemon, window);

            Path plain = workspace.path().resolve("plain");
            Ceiling ceiling = Ceiling.measure(plain, prompt.chunks(), chunkBytes, window, IN_FLIGHT, progress);
            Workspace.remove(plain);
            DemoReport report = new DemoReport(
                    prompt,
                    first.store(),
                    first.visit(),
                    second.visit(),
                    ceiling,
                    second.stat().getIoPath(),
                    second.stat().getIoPathReason(),
                    second.stat().getFileSystem());
            return new Outcome(report, daemon, workspace.path(), log, size.capacityBytes());
        }
    }

    private StoreSize size(int otherChunks) {
        return StoreSize.of(prompt.shape().chunkBytes(), prompt.chunks() + otherChunks, CHUNKS_IN_SEGMENT);
    }

    /** With room for chunks of other models too. */
    private static StoreSize sizeToKeep(long bytes) {
        long values = Math.max(KEPT_BYTES_MIN, bytes) / KEPT_VALUE_BYTES;
        return StoreSize.of(KEPT_VALUE_BYTES, values + 1, KEPT_VALUES_IN_SEGMENT);
    }

    private FirstRun firstRun(DaemonProcess daemon, MemorySegment window, Prompt warmUp) {
        try (PromptClient client = new PromptClient(daemon, window, IN_FLIGHT, progress)) {
            client.warmUp(warmUp);
            Throughput store = client.store(prompt, "store");
            Lookup lookup = client.lookup(prompt);
            return new FirstRun(store, new Visit(daemon.startTime(), lookup, client.load(prompt, "load")));
        }
    }

    private SecondRun secondRun(DaemonProcess daemon, MemorySegment window) {
        try (PromptClient client = new PromptClient(daemon, window, IN_FLIGHT, progress)) {
            Lookup lookup = client.lookup(prompt);
            Visit visit = new Visit(daemon.startTime(), lookup, client.load(prompt, "load again"));
            return new SecondRun(visit, client.stat());
        }
    }
}
