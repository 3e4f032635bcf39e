package kvstore.store;

import java.io.IOException;
import java.nio.file.Path;
import java.util.UUID;
import kvstore.api.Blocks;
import kvstore.api.IoEngine;
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
    private final NodeDirectory directory;
    private final UUID pool;
    private final Geometry geometry;
    private final RecoveryReport recovery;

    private final ChunkIndex index;
    private final Segments segments = new Segments();
    private final BlockBuffers buffers = new BlockBuffers(BUFFERS, Blocks.BLOCK_BYTES);
    private final Space space;
    private final LeaseTable leases;
    private final InFlight inFlight;
    private final SegmentLog log;
    private final Tombstones tombstones;
    private final Puts puts;
    private final Forgetting forgetting;
    private final Lookups lookups;
    private final ChunkLister lister;
    private final Explainer explainer;
    private boolean closed;

    private OpenStore(
            StoreConfig config,
            IoEngine engine,
            StoreListener listener,
            Environment environment,
            NodeDirectory directory,
            UUID pool)
            throws StoreException {
        this.config = config;
        this.engine = engine;
        this.listener = listener;
        this.environment = environment;
        this.directory = directory;
        this.pool = pool;
        geometry = geometry();
        index = new ChunkIndex(config.ghostsMax());
        space = new Space(geometry.capacityBytes());
        leases = new LeaseTable(config.leasesMax(), directory.epoch() << Integer.SIZE, environment);
        Evictor evictor = new Evictor(index, segments, space, leases, directory, buffers, listener, environment);
        recovery = recover(evictor);
        inFlight = new InFlight(index, segments, directory.epoch());
        SegmentMaker maker = new SegmentMaker(
                engine, directory, identity(), geometry, segments, space, evictor, buffers, listener, environment);
        log = new SegmentLog(maker, environment);
        tombstones = new Tombstones(log, inFlight, buffers, listener, environment);
        evictor.rewriteWith(tombstones::writeNow);
        forgetting = new Forgetting(index, inFlight, segments, tombstones, listener, environment);
        puts = new Puts(
                index, segments, inFlight, log, tombstones, buffers, config.maxValueBytes(), listener, environment);
        lookups = new Lookups(index, segments, inFlight, leases, forgetting, config.leaseMillisMax(), environment);
        lister = new ChunkLister(index, segments, listener);
        explainer = new Explainer(index, segments, inFlight, leases);
    }

    /** As {@link ChunkStore#open}. */
    static OpenStore open(StoreConfig config, IoEngine engine, StoreListener listener, Environment environment)
            throws StoreException {
        UUID pool = PoolDirectory.open(config.directory(), environment);
        NodeDirectory directory = NodeDirectory.open(config.directory(), pool, config.node());
        OpenStore store = null;
        try {
            store = new OpenStore(config, engine, listener, environment, directory, pool);
        } finally {
            if (store == null) {
                directory.close();
            }
        }
        listener.recovered(store.recovery);
        store.log.start();
        return store;
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

    LeaseTable leases() {
        return leases;
    }

    ChunkLister lister() {
        return lister;
    }

    Explainer explainer() {
        return explainer;
    }

    /** Keys of which it is remembered why they are not here. */
    int ghosts() {
        return index.ghosts().size();
    }

    Path directory() {
        return directory.path();
    }

    PoolIdentity identity() {
        return new PoolIdentity(pool, config.node(), directory.epoch());
    }

    StoreStats stats() {
        return new StoreStats(
                space.capacityBytes(),
                space.usedBytes(),
                geometry.segmentBytes(),
                index.size(),
                index.payloadBytes(),
                segments.inUse().size(),
                segments.strays().size(),
                recovery.quarantinedFiles(),
                (int) segments.inUse().values().stream().filter(Segment::held).count(),
                leases.size(),
                inFlight.size(),
                index.memoryBytes(),
                recovery);
    }

    /** The order matters: nothing new, then nothing under way, then the last index area, then the lock. */
    synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        tombstones.flush();
        log.stop();
        puts.abortAll();
        log.awaitFinished();
        environment.background().close();
        log.close();
        closeFiles();
        directory.close();
    }

    /** Ends without writing anything more. */
    synchronized void crash() {
        closed = true;
        log.stop();
        environment.background().shutdownNow();
        closeFiles();
        directory.close();
    }

    private void closeFiles() {
        segments.inUse().values().forEach(segment -> segment.file().close());
    }

    private Geometry geometry() throws StoreException {
        try {
            long held = 0;
            for (NodeDirectory.Found found : directory.segmentFiles()) {
                held += found.bytes();
            }
            long free = engine.facts(config.directory()).availableBytes();
            return Geometry.of(config, free, held);
        } catch (StoreException e) {
            throw e;
        } catch (IOException e) {
            throw new StoreException("cannot read " + directory.path() + ": " + e + ". Is the file system mounted?", e);
        }
    }

    private RecoveryReport recover(Evictor evictor) throws StoreException {
        long start = environment.nanos().getAsLong();
        SegmentScanner scanner = new SegmentScanner(
                engine,
                pool,
                config.node(),
                new BlockBuffers(Recovery.PARALLEL, RECOVERY_BUFFER_BYTES),
                listener,
                environment);
        Recovery recover = new Recovery(directory, scanner, index, segments, space, listener, environment);
        int evicted = 0;
        boolean complete = false;
        try {
            recover.run();
            directory.raiseEpoch(recover.epochMax() + 1);
            while (space.exceeded() && evictor.evictOldest()) {
                evicted++;
            }
            complete = true;
        } catch (StoreException e) {
            throw e;
        } catch (IOException e) {
            throw new StoreException("cannot read " + directory.path() + ": " + e + ". Is the file system mounted?", e);
        } finally {
            if (!complete) {
                closeFiles();
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
        LOG.info("{}: {}", directory.path(), report);
        return report;
    }
}
