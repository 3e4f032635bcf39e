package kvstore.store;

import java.util.UUID;
import java.util.concurrent.TimeUnit;
import kvstore.api.Blocks;
import kvstore.api.IoEngine;
import kvstore.api.IoFailure;
import kvstore.api.IoFile;
import kvstore.store.Segments.Stray;
import org.jspecify.annotations.Nullable;
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
     * @param pauseNanos after which it is worth another try
     */
    record Failed(ShedReason reason, String message, long pauseNanos) implements Result {
        /** All segments are in use, which may end any moment. */
        boolean busy() {
            return pauseNanos == BUSY_PAUSE_NANOS;
        }
    }

    /** How long nobody tries again where all segments were in use: pins are short. */
    static final long BUSY_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(5);

    /** The same, where the file system had less than its floor, or failed otherwise. */
    private static final long REFUSED_PAUSE_NANOS = TimeUnit.SECONDS.toNanos(1);

    private static final Logger LOG = LoggerFactory.getLogger(SegmentMaker.class);

    private final IoEngine engine;
    private final NodeDirectory directory;
    private final PoolIdentity identity;
    private final Geometry geometry;
    private final Segments segments;
    private final Space space;
    private final Evictor evictor;
    private final Reclaimer reclaimer;
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
            Reclaimer reclaimer,
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
        this.reclaimer = reclaimer;
        this.buffers = buffers;
        this.listener = listener;
        this.environment = environment;
    }

    /** Makes room, creates a file, writes its header. */
    Result make() {
        Failed without = takeRoom();
        if (without != null) {
            return without;
        }
        try {
            return new Made(create());
        } catch (IoFailure first) {
            if (first.kind() != IoFailure.Kind.NO_SPACE || !reclaimer.makeRoomOnDisk() || takeRoom() != null) {
                return failed(first);
            }
        }
        // Another program filled the file system: once more with the space that was just given back.
        try {
            return new Made(create());
        } catch (IoFailure second) {
            return failed(second);
        }
    }

    /** Evicts what is too much after a segment was made. */
    void trim() {
        int _ = reclaimer.trim();
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
            settle(segment, full.nextBlock());
            segment.release();
        }
    }

    /** Deletes a segment that was never written to. */
    void discard(Segment segment) {
        settle(segment, 1);
        evictor.delete(segment);
    }

    private @Nullable Failed takeRoom() {
        return switch (reclaimer.takeRoom()) {
            case TAKEN -> null;
            case BUSY ->
                new Failed(
                        ShedReason.NO_SPACE,
                        "every segment is leased or in use; nothing can be evicted",
                        BUSY_PAUSE_NANOS);
            case FLOOR ->
                new Failed(
                        ShedReason.NO_SPACE,
                        "the file system has no more free than its floor, and nothing can be evicted",
                        REFUSED_PAUSE_NANOS);
        };
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
        IoFile file = null;
        Segment segment = null;
        try (BlockBuffers.Lent lent = buffers.take()) {
            file = engine.create(directory.segmentFile(id), geometry.segmentBytes());
            header.encode(lent.buffer().memory().asByteBuffer());
            Io.await(file.write(0, lent.buffer().slice(0, Blocks.BLOCK_BYTES)));
            segment = Segment.written(header, file);
            charge(segment);
            segments.add(segment);
            reclaimer.created();
            return segment;
        } finally {
            if (segment == null && (file == null || remove(id, file))) {
                space.give(geometry.reserveBytes());
            }
        }
    }

    /** Counts a new segment, whose reserve was taken: more, where it takes more already. */
    private void charge(Segment segment) {
        long reserve = geometry.reserveBytes();
        long allocated = allocatedBytes(segment, 0);
        long charged = Math.max(reserve, allocated);
        space.found(charged - reserve);
        space.reserve(charged - allocated);
        segment.charge(charged, charged - allocated);
    }

    /** Counts what a segment takes, now that nothing more is written to it. */
    private void settle(Segment segment, int writtenBlocks) {
        SegmentTrailer trailer = segment.trailer();
        long blocks = trailer == null ? writtenBlocks : trailer.indexBlock() + trailer.indexBlocks() + 1L;
        // A file system may write later, and then say later, what it was told to store.
        long takes = Math.max(blocks * Blocks.BLOCK_BYTES, allocatedBytes(segment, segment.chargedBytes()));
        space.found(takes - segment.chargedBytes());
        space.reserve(-segment.reservedBytes());
        segment.charge(takes, 0);
    }

    private long allocatedBytes(Segment segment, long unknown) {
        try {
            return engine.allocatedBytes(segment.file().file());
        } catch (IoFailure e) {
            LOG.debug("no count of blocks: {}", e.getMessage());
            return unknown;
        }
    }

    /** False if the file is still there, and goes on to count. */
    private boolean remove(int id, IoFile file) {
        file.close();
        IoFailure failure = directory.delete(file.file());
        if (failure != null) {
            LOG.warn("cannot delete {}: {}", file.file(), failure.getMessage());
            listener.ioFailed("delete", failure);
            segments.strays().put(id, new Stray(id, file.file(), geometry.reserveBytes()));
        }
        return failure == null;
    }

    private Failed failed(IoFailure failure) {
        listener.ioFailed("create", failure);
        String message = "no new segment: " + failure.getMessage();
        if (failure.kind() == IoFailure.Kind.NO_SPACE) {
            return new Failed(ShedReason.NO_SPACE, message, reclaimer.createRefused(failure));
        }
        LOG.warn("{}", message);
        return new Failed(ShedReason.IO_ERROR, message, REFUSED_PAUSE_NANOS);
    }
}
