package kvstore.store;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import kvstore.api.Blocks;
import kvstore.api.FileSystemFacts;
import kvstore.api.IoEngine;
import kvstore.api.IoFailure;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The parts of a store and their life: how they are put together, and in which order they stop. */
final class OpenStore {
    private static final Logger LOG = LoggerFactory.getLogger(OpenStore.class);

    /** For headers and tombstones: that many small writes at a time. */
    private static final int BUFFERS = 16;

    /** A start reads index areas and holes in pieces of this size. */
    private static final int RECOVERY_BUFFER_BYTES = 16 * Blocks.BLOCK_BYTES;

    private final StoreConfig config;
    private final IoEngine engine;
    private final StoreListener listener;
    private final Environment environment;
    private final UUID pool;
    private final Volumes volumes;
    private final Absences absences;
    private final long epoch;
    private final RecoveryReport recovery;

    private final ChunkIndex index;
    private final Segments segments = new Segments();
    private final BlockBuffers buffers = new BlockBuffers(BUFFERS, Blocks.BLOCK_BYTES);
    private final Evictor evictor;
    private final SegmentScanner scanner;
    private final Comeback comeback;
    private final LeaseTable leases;
    private final InFlight inFlight;
    private final SegmentLog log;
    private final Tombstones tombstones;
    private final Puts puts;
    private final Forgetting forgetting;
    private final Lookups lookups;
    private final ChunkLister lister;
    private final Explainer explainer;
    private final Scrubber scrubber;
    private @Nullable Heartbeat heartbeat;
    private boolean closed;

    private OpenStore(
            StoreConfig config,
            IoEngine engine,
            StoreListener listener,
            Environment environment,
            NodeDirectories directories)
            throws StoreException {
        this.config = config;
        this.engine = engine;
        this.listener = listener;
        this.environment = environment;
        pool = directories.pool();
        index = new ChunkIndex(config.ghostsMax());
        volumes = volumes(directories.open());
        EvictionPolicy policy = EvictionPolicy.of(config.eviction(), environment.seconds());
        leases = new LeaseTable(
                config.leasesMax(),
                (long) (volumes.capacityBytes() * config.eviction().leasedShareMax()),
                volumes.epoch() << Integer.SIZE,
                listener,
                environment);
        evictor = new Evictor(index, segments, leases, buffers, policy, listener, environment);
        for (Volume volume : volumes.all()) {
            bind(volume);
        }
        segments.unreadVolumes(!directories.absent().isEmpty());
        scanner = new SegmentScanner(
                pool,
                config.node(),
                new BlockBuffers(Recovery.PARALLEL * volumes.all().size(), RECOVERY_BUFFER_BYTES),
                listener,
                environment);
        recovery = recover();
        if (segments.mayHaveUnread()) {
            segments.skipUnseen();
        }
        epoch = volumes.epoch();
        inFlight = new InFlight(index, segments, epoch);
        comeback = new Comeback(scanner, index, segments, inFlight, buffers, listener);
        SegmentMaker maker = new SegmentMaker(volumes, identity(), segments, evictor, buffers, listener, environment);
        log = new SegmentLog(maker, environment);
        tombstones = new Tombstones(log, inFlight, buffers, listener, environment);
        evictor.rewriteWith(tombstones::writeNow, tombstones::later);
        forgetting = new Forgetting(index, inFlight, segments, tombstones, listener, environment);
        puts = new Puts(
                index,
                segments,
                inFlight,
                log,
                tombstones,
                buffers,
                config.maxValueBytes(),
                policy,
                listener,
                environment);
        evictor.rescueWith(new Reinserter(policy, index, puts, forgetting, buffers, listener, environment));
        Expiry expiry = new Expiry(policy, evictor, environment);
        lookups = new Lookups(
                index, segments, inFlight, leases, forgetting, expiry, config.leaseMillisMax(), environment);
        LOG.info("eviction: {}", config.eviction());
        lister = new ChunkLister(index, segments, listener);
        explainer = new Explainer(index, segments, inFlight, leases, policy, environment);
        scrubber = new Scrubber(index, segments, forgetting, listener);
        absences = new Absences(directories.absent(), this::join, environment);
        volumes.all().forEach(this::watch);
    }

    /** As {@link ChunkStore#open}. */
    static OpenStore open(StoreConfig config, IoEngine engine, StoreListener listener, Environment environment)
            throws StoreException {
        NodeDirectories directories = NodeDirectories.open(config, environment);
        OpenStore store = null;
        try {
            store = new OpenStore(config, engine, listener, environment, directories);
        } finally {
            if (store == null) {
                directories.close();
            }
        }
        listener.recovered(store.recovery);
        store.log.start();
        return store;
    }

    /** Calls {@link #tick} every second until the store is closed. */
    void keepTicking() {
        heartbeat = Heartbeat.start(this::tick);
    }

    Puts puts() {
        return puts;
    }

    Lookups lookups() {
        return lookups;
    }

    Forgetting forgetting() {
        return forgetting;
    }

    Segments segments() {
        return segments;
    }

    LeaseTable leases() {
        return leases;
    }

    ChunkLister lister() {
        return lister;
    }

    Explainer explainer() {
        return explainer;
    }

    Scrubber scrubber() {
        return scrubber;
    }

    /** Keys of which it is remembered why they are not here. */
    int ghosts() {
        return index.ghosts().size();
    }

    Path directory() {
        return volumes.all().getFirst().directory().path();
    }

    PoolIdentity identity() {
        return new PoolIdentity(pool, config.node(), epoch);
    }

    EvictionConfig eviction() {
        return config.eviction();
    }

    StoreStats stats() {
        List<DirectoryStats> directories = directoryStats();
        return new StoreStats(
                CapacityStats.sum(
                        directories.stream().map(DirectoryStats::capacity).toList()),
                volumes.segmentBytes(),
                index.size(),
                index.payloadBytes(),
                segments.inUse().size(),
                segments.strays().size(),
                recovery.quarantinedFiles(),
                (int) segments.inUse().values().stream().filter(Segment::held).count(),
                leases.size(),
                leases.bytes(),
                inFlight.size(),
                index.memoryBytes(),
                ghosts(),
                segments.awayMisses(),
                directories,
                recovery);
    }

    /** As {@link ChunkStore#segments}. */
    List<SegmentStats> segmentStats() {
        List<Segment> all = List.copyOf(segments.inUse().values());
        if (all.isEmpty()) {
            return List.of();
        }
        SegmentTally tally = new SegmentTally(all.getFirst().id(), all.getLast().id());
        index.show(tally);
        return all.stream().map(tally::stats).toList();
    }

    /** As {@link ChunkStore#dropEmpty}. */
    int dropEmpty() {
        return evictor.evictEmpty();
    }

    private List<DirectoryStats> directoryStats() {
        Map<Volume, Long> counts = segments.inUse().values().stream()
                .collect(Collectors.groupingBy(Segment::volume, Collectors.counting()));
        Stream<DirectoryStats> here = volumes.all().stream()
                .map(volume -> new DirectoryStats(
                        volume.path(),
                        volume.awayReason(),
                        volume.reclaimer().stats(),
                        counts.getOrDefault(volume, 0L).intValue()));
        return Stream.concat(here, absences.stats().stream())
                .sorted(Comparator.comparingInt(each -> config.directories().indexOf(each.path())))
                .toList();
    }

    /** What must be looked at from time to time: others fill the file system, or leave it. Blocks. */
    void tick() {
        for (Volume volume : volumes.all()) {
            volume.tick();
            if (!volume.away()) {
                int _ = volume.reclaimer().trim();
                volume.reclaimer().watchFloor();
            }
        }
        absences.tick();
        tombstones.flush();
        log.retry();
    }

    /** The order matters: nothing new, then nothing under way, then the last index area, then the lock. */
    synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        stopTicking();
        tombstones.flush();
        log.stop();
        puts.abortAll();
        log.awaitFinished();
        environment.background().close();
        log.close();
        closeFiles();
        index.clear();
        volumes.all().forEach(volume -> volume.directory().close());
    }

    /** Ends without writing anything more. */
    synchronized void crash() {
        closed = true;
        stopTicking();
        log.stop();
        environment.background().shutdownNow();
        closeFiles();
        index.clear();
        volumes.all().forEach(volume -> volume.directory().close());
    }

    private void stopTicking() {
        if (heartbeat != null) {
            heartbeat.close();
        }
    }

    private void closeFiles() {
        segments.inUse().values().forEach(segment -> segment.file().close());
    }

    private Volumes volumes(List<NodeDirectories.Opened> opened) throws StoreException {
        List<Volume> list = new ArrayList<>();
        for (NodeDirectories.Opened each : opened) {
            list.add(volume(each));
        }
        return new Volumes(list);
    }

    private Volume volume(NodeDirectories.Opened opened) throws StoreException {
        return new Volume(opened.path(), opened.directory(), geometry(opened), engine, environment);
    }

    private void bind(Volume volume) throws StoreException {
        long floorBytes = config.capacity().floorBytes(facts(volume.path()).totalBytes());
        volume.evictWith(new Reclaimer(volume, config.capacity(), floorBytes, evictor, listener, environment));
    }

    private FileSystemFacts facts(Path path) throws StoreException {
        try {
            return engine.facts(path);
        } catch (IoFailure e) {
            throw new StoreException("cannot ask for the space of " + path + ": " + e.getMessage(), e);
        }
    }

    /** One directory of one is never set aside: there is nothing that could go on without it. */
    private void watch(Volume volume) {
        if (config.directories().size() > 1) {
            volume.watch(comeback);
        }
    }

    /** Takes a directory in that did not answer at the start. */
    private void join(Path path) throws IOException {
        NodeDirectories.Opened opened = NodeDirectories.again(path, pool, config);
        Volume volume = null;
        boolean joined = false;
        try {
            volume = volume(opened);
            bind(volume);
            opened.directory().raiseEpoch(epoch);
            comeback.read(volume);
            countOthers(volume);
            int _ = volume.reclaimer().trim();
            volumes.add(volume);
            watch(volume);
            joined = true;
        } finally {
            if (!joined) {
                comeback.forget(volume);
                opened.directory().close();
            }
        }
        segments.unreadVolumes(absences.stats().size() > 1); // this one is still among them
    }

    private void countOthers(Volume volume) throws IOException {
        NodeDirectory directory = volume.directory();
        volume.space().found(Math.max(volume.geometry().markerBytes(), directory.markerBytes(engine)));
        volume.space().found(directory.otherBytes(engine));
    }

    private Geometry geometry(NodeDirectories.Opened opened) throws StoreException {
        try {
            long held = 0;
            for (NodeDirectory.Found found : opened.directory().segmentFiles()) {
                held += found.bytes();
            }
            long free = engine.facts(opened.path()).availableBytes();
            return Geometry.of(config, opened.path(), free, held);
        } catch (StoreException e) {
            throw e;
        } catch (IOException e) {
            throw new StoreException("cannot read " + opened.path() + ": " + e + ". Is the file system mounted?", e);
        }
    }

    private RecoveryReport recover() throws StoreException {
        long start = environment.nanos().getAsLong();
        Recovery recover = new Recovery(volumes, scanner, index, segments, listener, environment);
        int evicted = 0;
        boolean complete = false;
        try {
            recover.run();
            volumes.raiseEpoch(Math.max(volumes.epoch(), recover.epochMax() + 1));
            for (Volume volume : volumes.all()) {
                countOthers(volume);
                evicted += volume.reclaimer().trim();
            }
            complete = true;
        } catch (StoreException e) {
            throw e;
        } catch (IOException e) {
            throw new StoreException(
                    "cannot read " + config.directories() + ": " + e + ". Is the file system mounted?", e);
        } finally {
            if (!complete) {
                closeFiles();
                index.clear();
            }
        }
        long millis = (environment.nanos().getAsLong() - start) / 1_000_000;
        RecoveryReport report = new RecoveryReport(
                index.size(),
                segments.inUse().size(),
                recover.scanned(),
                segments.strays().size(),
                recover.quarantined(),
                recover.quarantinedFiles(),
                evicted,
                millis);
        LOG.info("{}: {}", config.directories(), report);
        return report;
    }
}
