package kvstore.server;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import kvstore.api.IoEngine;
import kvstore.api.IoFailure;
import kvstore.api.IoPath;
import kvstore.gds.GdsConfig;
import kvstore.gds.GpuEngine;
import kvstore.gds.ServedGpu;
import kvstore.lustre.PosixEngine;
import kvstore.server.admin.AdminHttp;
import kvstore.server.clear.Clears;
import kvstore.server.config.DaemonConfig;
import kvstore.server.config.DataConfig;
import kvstore.server.config.EffectiveValue;
import kvstore.server.grpc.GrpcDoor;
import kvstore.server.grpc.Operations;
import kvstore.server.identity.Access;
import kvstore.server.identity.Caller;
import kvstore.server.identity.Grant;
import kvstore.server.io.GuardedEngine;
import kvstore.server.lm.LmDoor;
import kvstore.server.memory.SlabPool;
import kvstore.server.metrics.DaemonMetrics;
import kvstore.server.metrics.GpuFigures;
import kvstore.server.metrics.ScrubFigures;
import kvstore.server.region.GpuAccess;
import kvstore.server.region.RegionAccess;
import kvstore.server.region.RegionDoor;
import kvstore.server.region.RegionKind;
import kvstore.server.region.RegionMover;
import kvstore.server.region.RegionTally;
import kvstore.server.region.RegionThreads;
import kvstore.server.region.Regions;
import kvstore.server.resp.RespDoor;
import kvstore.server.scrub.Scrubs;
import kvstore.server.trace.Traces;
import kvstore.server.transfer.Drain;
import kvstore.server.transfer.StagedReads;
import kvstore.server.transfer.Transfers;
import kvstore.server.view.DaemonView;
import kvstore.server.view.NodeIdentity;
import kvstore.store.CapacityConfig;
import kvstore.store.ChunkStore;
import kvstore.store.ScrubReport;
import kvstore.store.StoreConfig;
import kvstore.store.StoreStats;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One running daemon. It goes through {@link State} in order and is never started again: make a new one.
 *
 * <p>Health and metrics come up first, so that an operator can look on; then the file system, proven before it is
 * trusted; memory; the store, recovered before it is served; and the doors last. Stopping goes the other way.
 */
public final class Daemon implements AutoCloseable {
    private enum State {
        STARTING,
        READY,
        DRAINING,
        STOPPED
    }

    private static final Logger log = LoggerFactory.getLogger(Daemon.class);

    private final DaemonConfig config;
    private final List<EffectiveValue> effective;
    private final Instant started = Instant.now();
    private final AtomicReference<State> state = new AtomicReference<>(State.STARTING);
    private final CountDownLatch stopped = new CountDownLatch(1);
    private final CloseStack parts = new CloseStack();
    private final DaemonMetrics metrics = parts.add(new DaemonMetrics());
    private final Drain drain = new Drain(this::tellReadiness);
    private volatile boolean readable = true;

    private Optional<ChunkStore> store = Optional.empty();
    private volatile Optional<GuardedEngine> guarded = Optional.empty();
    private Optional<GrpcDoor> door = Optional.empty();
    private Optional<RespDoor> respDoor = Optional.empty();
    private Optional<LmDoor> lmDoor = Optional.empty();
    private Optional<AdminHttp> admin = Optional.empty();
    private Optional<Scrubs> scrubs = Optional.empty();
    private volatile Optional<Access> access = Optional.empty();

    private Daemon(DaemonConfig config, List<EffectiveValue> effective) {
        this.config = config;
        this.effective = effective;
    }

    /**
     * Starts a daemon and returns when it serves.
     *
     * @throws StartException if it cannot; nothing is left running
     */
    public static Daemon start(DaemonConfig config) throws StartException {
        return start(config, List.of());
    }

    /**
     * The same, for one that shall be able to say what it was told.
     *
     * @param effective where {@code config} comes from
     */
    public static Daemon start(DaemonConfig config, List<EffectiveValue> effective) throws StartException {
        return start(config, effective, UnaryOperator.identity());
    }

    /** The same, with something between the store and its engine: what a test breaks. */
    static Daemon start(DaemonConfig config, List<EffectiveValue> effective, UnaryOperator<IoEngine> between)
            throws StartException {
        Daemon daemon = new Daemon(config, effective);
        boolean running = false;
        try {
            daemon.open(between);
            running = true;
            return daemon;
        } catch (IOException | IllegalArgumentException | IllegalStateException e) {
            throw new StartException(String.valueOf(e.getMessage()), e);
        } finally {
            if (!running) {
                daemon.close();
            }
        }
    }

    private void open(UnaryOperator<IoEngine> between) throws IOException {
        Access access = AccessFiles.open(config, parts, metrics);
        this.access = Optional.of(access);
        metrics.bindDrain(drain::isOn); // an alert on a start that does not end asks for it
        if (config.admin().listen().isPresent()) {
            admin = Optional.of(
                    parts.add(AdminHttp.start(config.admin(), metrics::scrape, this::whyNotReady, this::trouble)));
        }
        MemoryAtStart memory = parts.add(MemoryAtStart.begin(config.memory().slabSizeBytes()));
        PosixEngine engine = parts.add(EngineAtStart.open(config));
        GpuAccess gpus = openGpus(engine);
        IoEngine all = gpus.engine().<IoEngine>map(Function.identity()).orElse(engine);
        GuardedEngine disk = parts.add(new GuardedEngine(between.apply(all), config.io()));
        ChunkStore store = parts.add(ChunkStore.open(storeConfig(), disk, metrics.storeListener()));
        engine.prepare(store.directory());
        this.store = Optional.of(store);
        Scrubs background = parts.add(new Scrubs(store, engine.reads()::queued));
        scrubs = Optional.of(background);
        Clears clears = parts.add(new Clears(store));
        SlabPool slabs = new SlabPool(memory.await(), writeLimitBytes());
        Transfers transfers = new Transfers(
                store,
                disk,
                slabs,
                new StagedReads(slabs, metrics, config.grpc().getWait(), disk.operationTimeout()),
                metrics,
                access.tenants(),
                drain,
                config.grpc().frameSizeBytes(),
                config.data().maxValueSizeBytes(),
                config.grpc().maxKeys(),
                config.grpc().stallTimeout(),
                config.grpc().putWait(),
                config.grpc().getWait());
        NodeIdentity node = new NodeIdentity(
                Version.current(),
                store.identity(),
                disk,
                gpus,
                config.data().directory().toString(),
                engine::layout,
                started,
                this::servesAll);
        RegionAccess regions = openRegions(transfers, gpus);
        metrics.bindSlabs(slabs::totalBytes, slabs::usedBytes, slabs::waiterCount);
        access.tenants().watch(tenant -> metrics.bindTenant(tenant, () -> store.ownedBytes(tenant.namespace())));
        metrics.bindStore(store::stats, () -> availableBytes(disk));
        metrics.bindIo(engine.path(), engine.reads(), engine.writes());
        metrics.bindGpus(gpus.path(), gpus.reason(), gpus.engine().map(GpuFigures::of));
        metrics.bindDisk(disk::reads, disk::writes);
        metrics.bindFileSystem(fileSystem(engine), () -> engine.layout().outcome());
        DaemonView view = parts.add(new DaemonView(transfers, node, background, effective));
        GrpcDoor opened = parts.add(new GrpcDoor(
                config.grpc(),
                access,
                transfers,
                node,
                regions,
                config.lease().maxDuration(),
                new Operations(view, background, clears),
                openTraces()));
        door = Optional.of(opened);
        admin.ifPresent(page -> page.show(
                view,
                () -> access.tenants().of(Caller.ANONYMOUS).filter(Grant::admin).isPresent()));
        opened.open();
        if (config.resp().listen().isPresent()) {
            RespDoor resp = parts.add(new RespDoor(config.resp(), access, transfers, Version.current()));
            respDoor = Optional.of(resp);
            resp.open();
        }
        if (config.lm().listen().isPresent()) {
            LmDoor lm = parts.add(
                    new LmDoor(config.lm(), access, transfers, config.lease().maxDuration()));
            lmDoor = Optional.of(lm);
            lm.open();
        }
        background.start(config.scrub());
        metrics.bindScrubs(() -> figures(background));
        disk.guard(config.data().directory().resolve(".probe-" + config.node()), this::readable);
        guarded = Optional.of(disk);
        state.set(State.READY);
        tellReadiness();
        Duration took = Duration.between(started, Instant.now());
        metrics.started(Version.current(), store.identity().epoch(), took);
        logStart(engine, gpus, store, slabs, took);
    }

    /**
     * Takes what can be changed while it runs from {@code changed}: where certificates, tenants and users lie, and what is in
     * their files now. A mistake in a file is logged, and what runs stays as it is.
     */
    public void reload(DaemonConfig changed) {
        access.ifPresent(open -> AccessFiles.reload(open, changed.security()));
    }

    private Optional<Traces> openTraces() {
        return config.tracing()
                .endpoint()
                .map(endpoint -> parts.add(
                        new Traces(endpoint, config.tracing().samplingRatio(), config.node(), Version.current())));
    }

    private static ScrubFigures figures(Scrubs scrubs) {
        ScrubReport report = scrubs.background();
        return new ScrubFigures(
                scrubs.goodRecords(),
                scrubs.badRecords(),
                scrubs.unreadRecords(),
                scrubs.bytes(),
                scrubs.backgroundRuns(),
                report.segments() == 0 ? 0 : (double) report.segmentsDone() / report.segments(),
                scrubs.completedMillis());
    }

    /** On top of the engine for host memory; what is missing is a value with a reason, and the daemon runs without. */
    private GpuAccess openGpus(PosixEngine engine) throws IOException {
        GdsConfig gds = config.gds();
        GpuAccess gpus;
        try {
            gpus = new GpuAccess(GpuEngine.open(gds, engine, config.data().directory()));
        } catch (IoFailure e) {
            throw new IOException("data.directory: " + e.getMessage(), e);
        }
        if (gpus.engine().isPresent()) {
            parts.add(gpus.engine().get());
            // each thread of a GPU that stages waits for one of these
            engine.growTo(
                    gds.readThreads() * gpus.gpus().size(),
                    gds.writeThreads() * gpus.gpus().size());
        }
        for (ServedGpu gpu : gpus.gpus()) {
            log.atInfo()
                    .addKeyValue("gpu", gpu.uuid())
                    .addKeyValue("name", gpu.name())
                    .addKeyValue("memory_bytes", gpu.memoryBytes())
                    .addKeyValue("pinned_host_bytes", gpu.hostMemoryBytes())
                    .log("GPU memory is served");
        }
        return gpus;
    }

    private RegionAccess openRegions(Transfers transfers, GpuAccess gpus) throws IOException {
        Regions regions = new Regions(config.region().maxCount());
        for (RegionKind kind : RegionKind.values()) {
            RegionTally tally = regions.tally(kind);
            metrics.bindRegions(kind.label(), tally::count, tally::bytes, tally::endedIdle, tally::endedBusy);
        }
        RegionMover mover = new RegionMover(
                transfers, parts.add(new RegionThreads(config.region().threads())));
        Optional<Path> socket = config.region().socket();
        if (socket.isPresent()) {
            parts.add(new RegionDoor(config.region(), config.grpc().unixSocketMode(), regions, gpus))
                    .open(socket.get());
        }
        return new RegionAccess(regions, mover, socket.map(Path::toString).orElse(""));
    }

    private String fileSystem(PosixEngine engine) throws IoFailure {
        return engine.facts(config.data().directory()).type();
    }

    private long availableBytes(IoEngine engine) {
        try {
            return engine.facts(config.data().directory()).availableBytes();
        } catch (IoFailure _) {
            return -1;
        }
    }

    private StoreConfig storeConfig() {
        DataConfig data = config.data();
        return new StoreConfig(
                data.directory(),
                config.node(),
                data.capacityBytes().orElse(0),
                data.segmentSizeBytes(),
                data.maxValueSizeBytes(),
                config.lease().maxDuration().toMillis(),
                config.lease().maxCount(),
                config.eviction(),
                config.explain().maxKeys(),
                data.moreDirectories(),
                new CapacityConfig(
                        config.capacity().highWatermark(),
                        config.capacity().lowWatermark(),
                        config.capacity().freeSpaceFloorBytes().orElse(CapacityConfig.AUTOMATIC_FLOOR)));
    }

    private long writeLimitBytes() {
        long share = (long) (config.memory().slabSizeBytes() * config.memory().writeShare());
        return Math.max(SlabPool.MAX_SLAB_BYTES, share);
    }

    private void logStart(PosixEngine engine, GpuAccess gpus, ChunkStore store, SlabPool slabs, Duration took)
            throws IoFailure {
        if (engine.path() != IoPath.ODIRECT) {
            log.atWarn().addKeyValue("reason", engine.reason()).log("payload goes through the page cache");
        }
        log.atInfo()
                .addKeyValue("node", store.identity().node())
                .addKeyValue("pool", store.identity().pool())
                .addKeyValue("epoch", store.identity().epoch())
                .addKeyValue("directory", config.data().directory())
                .addKeyValue("capacity_bytes", store.stats().capacityBytes())
                .addKeyValue("eviction", config.eviction().policy().label())
                .addKeyValue("used_bytes", store.stats().usedBytes())
                .addKeyValue("floor_bytes", store.stats().capacity().floorBytes())
                .addKeyValue("chunks", store.stats().chunks())
                .addKeyValue("memory_bytes", slabs.totalBytes())
                .addKeyValue("file_system", fileSystem(engine))
                .addKeyValue("stripe_layout", engine.layout().outcome().label())
                .addKeyValue("io_path", engine.path().label())
                .addKeyValue("io_reason", engine.reason())
                .addKeyValue("gpu_path", gpus.path())
                .addKeyValue("gpu_reason", gpus.reason())
                .addKeyValue("tls", access.flatMap(Access::certificates).isPresent() ? "on" : "off")
                .addKeyValue(
                        "grpc", tcpAddress().map(InetSocketAddress::toString).orElse("off"))
                .addKeyValue(
                        "socket", config.grpc().unixSocket().map(Path::toString).orElse("off"))
                .addKeyValue("lm", lmAddress().map(InetSocketAddress::toString).orElse("off"))
                .addKeyValue(
                        "resp", respAddress().map(InetSocketAddress::toString).orElse("off"))
                .addKeyValue(
                        "region_socket",
                        config.region().socket().map(Path::toString).orElse("off"))
                .addKeyValue(
                        "admin", adminAddress().map(InetSocketAddress::toString).orElse("off"))
                .addKeyValue("start_millis", took.toMillis())
                .log("ready");
    }

    /** Where gRPC listens on TCP, with the port that was taken if the configuration says 0. */
    public Optional<InetSocketAddress> tcpAddress() {
        return door.flatMap(GrpcDoor::tcpAddress);
    }

    /** Where the RESP door listens. */
    public Optional<InetSocketAddress> respAddress() {
        return respDoor.flatMap(RespDoor::address);
    }

    /** Where the lm door listens. */
    public Optional<InetSocketAddress> lmAddress() {
        return lmDoor.flatMap(LmDoor::address);
    }

    /** Where metrics and health are served. */
    public Optional<InetSocketAddress> adminAddress() {
        return admin.map(AdminHttp::address);
    }

    /** The threads that must never stand still, by name. */
    public Map<String, Executor> eventLoops() {
        Map<String, Executor> loops = new LinkedHashMap<>();
        door.ifPresent(open -> name(loops, "grpc", open.eventLoops()));
        respDoor.ifPresent(open -> name(loops, "resp", open.eventLoops()));
        lmDoor.ifPresent(open -> name(loops, "lm", open.eventLoops()));
        return loops;
    }

    private static void name(Map<String, Executor> named, String door, Iterable<? extends Executor> loops) {
        int number = 0;
        for (Executor loop : loops) {
            named.put(door + "-" + number++, loop);
        }
    }

    /** What it holds and what state it is in, in one line for people. */
    public String summary() {
        return whyNotReady().orElseGet(() -> {
            StoreStats stats = store.orElseThrow().stats();
            return "%d chunks, %d of %d MiB"
                    .formatted(stats.chunks(), stats.usedBytes() >> 20, stats.capacityBytes() >> 20);
        });
    }

    /** Waits until {@link #close} has ended. */
    public void awaitTermination() throws InterruptedException {
        stopped.await();
    }

    /** For {@code /readyz}: empty when ready. */
    private Optional<String> whyNotReady() {
        return switch (Objects.requireNonNull(state.get())) {
            case STARTING -> {
                String recovering = metrics.recovering();
                yield Optional.of("starting: "
                        + (recovering.isEmpty() ? "the file system is looked at" : "recovering, " + recovering));
            }
            case READY ->
                drain.since()
                        .map(since -> "draining since " + since + ": `kvstore drain --undo` ends that")
                        .or(() -> guarded.flatMap(GuardedEngine::unreadable));
            case DRAINING, STOPPED -> Optional.of("stopping");
        };
    }

    private boolean servesAll() {
        return state.get() == State.READY && !drain.isOn();
    }

    private void readable(boolean now) {
        readable = now;
        tellReadiness();
    }

    /** To whoever is told, instead of asking. */
    private void tellReadiness() {
        metrics.ready(servesAll());
        door.ifPresent(open -> open.serving(readable && !drain.isOn()));
    }

    /** For {@code /healthz}: what is wrong although the process lives. */
    private Optional<String> trouble() {
        return guarded.flatMap(GuardedEngine::trouble);
    }

    /**
     * Stops: no new calls, those under way may end within {@code shutdown.drain-timeout}, then everything is closed,
     * last first. Idempotent; the second caller waits for the first.
     */
    @Override
    public void close() {
        State before = state.getAndUpdate(now -> now == State.STOPPED ? now : State.DRAINING);
        if (before == State.DRAINING || before == State.STOPPED) {
            awaitStopped();
            return;
        }
        metrics.ready(false);
        scrubs.ifPresent(Scrubs::stop);
        Instant begin = Instant.now();
        drainDoors();
        parts.close();
        state.set(State.STOPPED);
        log.atInfo()
                .addKeyValue(
                        "stop_millis", Duration.between(begin, Instant.now()).toMillis())
                .log("stopped");
        stopped.countDown();
    }

    /** All doors at once, because they share the time. */
    private void drainDoors() {
        Duration timeout = config.shutdown().drainTimeout();
        try (ExecutorService drains = Executors.newVirtualThreadPerTaskExecutor()) {
            door.ifPresent(open -> drains.execute(() -> open.drain(timeout)));
            respDoor.ifPresent(open -> drains.execute(() -> open.drain(timeout)));
            lmDoor.ifPresent(open -> drains.execute(() -> open.drain(timeout)));
        }
    }

    private void awaitStopped() {
        try {
            stopped.await();
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }
}
