package kvstore.store;

import java.util.UUID;
import kvstore.api.Blocks;
import kvstore.api.IoEngine;
import kvstore.api.IoFailure;
import kvstore.api.IoFile;
import kvstore.store.Segments.Stray;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Creates segment files, and completes them when they are full. Space is made before a file is created, so that the
 * capacity is not exceeded for a moment either. One call of {@link #make} at a time.
 */
final class SegmentMaker {
    /** What {@link #make} answers. */
    sealed interface Result {}

    /** An empty segment with its header written. */
    record Made(Segment segment) implements Result {}

    /**
     * No segment.
     *
     * @param busy all segments are in use: worth another try soon
     */
    record Failed(ShedReason reason, String message, boolean busy) implements Result {}

    private static final Logger LOG = LoggerFactory.getLogger(SegmentMaker.class);

    private final IoEngine engine;
    private final NodeDirectory directory;
    private final PoolIdentity identity;
    private final Geometry geometry;
    private final Segments segments;
    private final Space space;
    private final Evictor evictor;
    private final BlockBuffers buffers;
    private final StoreListener listener;
    private final Environment environment;

    SegmentMaker(
            IoEngine engine,
            NodeDirectory directory,
            PoolIdentity identity,
            Geometry geometry,
            Segments segments,
            Space space,
            Evictor evictor,
            BlockBuffers buffers,
            StoreListener listener,
            Environment environment) {
        this.engine = engine;
        this.directory = directory;
        this.identity = identity;
        this.geometry = geometry;
        this.segments = segments;
        this.space = space;
        this.evictor = evictor;
        this.buffers = buffers;
        this.listener = listener;
        this.environment = environment;
    }

    /** Makes room, creates a file, writes its header. */
    Result make() {
        if (!makeRoom()) {
            return new Failed(ShedReason.NO_SPACE, "every segment is leased or in use; nothing can be evicted", true);
        }
        try {
            return new Made(create());
        } catch (IoFailure first) {
            space.give(geometry.segmentBytes());
            if (first.kind() != IoFailure.Kind.NO_SPACE || !evictor.evictOldest() || !makeRoom()) {
                return failed(first);
            }
        }
        // Another program filled the file system: once more with the space that was just given back.
        try {
            return new Made(create());
        } catch (IoFailure second) {
            space.give(geometry.segmentBytes());
            return failed(second);
        }
    }

    /** Writes the index area of a full segment and lets go of it. What fails only makes the next start slower. */
    void seal(OpenSegment full) {
        Segment segment = full.segment();
        try (BlockBuffers.Lent lent = buffers.take()) {
            segment.sealed(IndexArea.write(
                    segment, segment.unsealedEntries(), full.nextBlock(), environment.millis(), lent.buffer()));
        } catch (IoFailure e) {
            LOG.warn(
                    "segment {} has no index area and will be read record by record: {}", segment.id(), e.getMessage());
            listener.ioFailed("seal", e);
        } finally {
            segment.release();
        }
    }

    /** Deletes a segment that was never written to. */
    void discard(Segment segment) {
        evictor.delete(segment);
    }

    private boolean makeRoom() {
        while (!space.tryTake(geometry.segmentBytes())) {
            if (!evictor.evictOldest()) {
                return false;
            }
        }
        return true;
    }

    private Segment create() throws IoFailure {
        int id = segments.nextId();
        UUID nonce = environment.uuids().get();
        SegmentHeader header = new SegmentHeader(
                id,
                identity.pool(),
                identity.node(),
                identity.epoch(),
                nonce,
                environment.millis(),
                geometry.segmentBytes());
        IoFile file = engine.create(directory.segmentFile(id), geometry.segmentBytes());
        Segment segment = null;
        try (BlockBuffers.Lent lent = buffers.take()) {
            header.encode(lent.buffer().memory().asByteBuffer());
            Io.await(file.write(0, lent.buffer().slice(0, Blocks.BLOCK_BYTES)));
            segment = Segment.written(header, file);
            segments.add(segment);
            return segment;
        } finally {
            if (segment == null) {
                remove(id, file);
            }
        }
    }

    private void remove(int id, IoFile file) {
        file.close();
        IoFailure failure = directory.delete(file.file());
        if (failure != null) {
            // Has no valid header or no records: an eviction or the next start removes it. Until then it counts.
            LOG.warn("cannot delete {}: {}", file.file(), failure.getMessage());
            listener.ioFailed("delete", failure);
            segments.strays().put(id, new Stray(id, file.file(), file.sizeBytes()));
            space.found(file.sizeBytes());
        }
    }

    private Failed failed(IoFailure failure) {
        LOG.warn("no new segment: {}", failure.getMessage());
        listener.ioFailed("create", failure);
        ShedReason reason = failure.kind() == IoFailure.Kind.NO_SPACE ? ShedReason.NO_SPACE : ShedReason.IO_ERROR;
        return new Failed(reason, "no new segment: " + failure.getMessage(), false);
    }
}
