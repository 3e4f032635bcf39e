package kvstore.store;

import java.util.UUID;
import java.util.concurrent.TimeUnit;
import kvstore.api.Blocks;
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
final class SegmentMaker implements SegmentSource {
    /** How long nobody tries again where the file system had less than its floor, or failed otherwise. */
    private static final long REFUSED_PAUSE_NANOS = TimeUnit.SECONDS.toNanos(1);

    private static final Logger LOG = LoggerFactory.getLogger(SegmentMaker.class);

    private final Volumes volumes;
    private final PoolIdentity identity;
    private final Segments segments;
    private final Evictor evictor;
    private final BlockBuffers buffers;
    private final StoreListener listener;
    private final Environment environment;

    SegmentMaker(
            Volumes volumes,
            PoolIdentity identity,
            Segments segments,
            Evictor evictor,
            BlockBuffers buffers,
            StoreListener listener,
            Environment environment) {
        this.volumes = volumes;
        this.identity = identity;
        this.segments = segments;
        this.evictor = evictor;
        this.buffers = buffers;
        this.listener = listener;
        this.environment = environment;
    }

    /** Makes room, creates a file, writes its header; in the directory that is best, or the next one if that fails. */
    @Override
    public Result make() {
        Failed failed = null;
        for (Volume volume : volumes.bestFirst(segments)) {
            switch (make(volume)) {
                case Made made -> {
                    return made;
                }
                case Failed refused -> failed = failed == null || refused.busy() ? refused : failed;
            }
        }
        return failed == null
                ? new Failed(ShedReason.IO_ERROR, "no directory of this node takes segments now", REFUSED_PAUSE_NANOS)
                : failed;
    }

    private Result make(Volume volume) {
        Failed without = takeRoom(volume);
        if (without != null) {
            return without;
        }
        try {
            return new Made(create(volume));
        } catch (IoFailure first) {
            if (first.kind() != IoFailure.Kind.NO_SPACE
                    || !volume.reclaimer().makeRoomOnDisk()
                    || takeRoom(volume) != null) {
                return failed(volume, first);
            }
        }
        // Another program filled the file system: once more with the space that was just given back.
        try {
            return new Made(create(volume));
        } catch (IoFailure second) {
            return failed(volume, second);
        }
    }

    @Override
    public void trim() {
        volumes.all().forEach(volume -> volume.reclaimer().trim());
    }

    /** Writes the index area. What fails only makes the next start slower. */
    @Override
    public void seal(OpenSegment full) {
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

    @Override
    public void abandon(Segment segment) {
        segment.volume().space().reserve(-segment.reservedBytes());
        segment.charge(segment.chargedBytes(), 0);
        segment.volume().sealed();
        segment.release();
    }

    @Override
    public boolean betterElsewhere(Segment segment) {
        Volume volume = segment.volume();
        return !volume.takesWrites() && (volume.away() || volumes.elsewhere(volume));
    }

    @Override
    public boolean pausing(Segment segment) {
        return segment.volume().reclaimer().pausing();
    }

    @Override
    public void discard(Segment segment) {
        settle(segment, 1);
        evictor.delete(segment);
    }

    private static @Nullable Failed takeRoom(Volume volume) {
        return switch (volume.reclaimer().takeRoom()) {
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

    private Segment create(Volume volume) throws IoFailure {
        int id = segments.nextId();
        UUID nonce = environment.uuids().get();
        SegmentHeader header = new SegmentHeader(
                id,
                identity.pool(),
                identity.node(),
                identity.epoch(),
                nonce,
                environment.millis(),
                volume.geometry().segmentBytes());
        IoFile file = null;
        Segment segment = null;
        try (BlockBuffers.Lent lent = buffers.take()) {
            file = volume.engine()
                    .create(
                            volume.directory().segmentFile(id),
                            volume.geometry().segmentBytes());
            header.encode(lent.buffer().memory().asByteBuffer());
            Io.await(file.write(0, lent.buffer().slice(0, Blocks.BLOCK_BYTES)));
            segment = Segment.written(volume, header, file);
            charge(segment);
            segments.add(segment);
            volume.reclaimer().created();
            volume.created(segment);
            return segment;
        } finally {
            if (segment == null && (file == null || remove(volume, id, file))) {
                volume.space().give(volume.geometry().reserveBytes());
            }
        }
    }

    /** Counts a new segment, whose reserve was taken: more, where it takes more already. */
    private void charge(Segment segment) {
        Space space = segment.volume().space();
        long reserve = segment.volume().geometry().reserveBytes();
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
        Space space = segment.volume().space();
        space.found(takes - segment.chargedBytes());
        space.reserve(-segment.reservedBytes());
        segment.charge(takes, 0);
        segment.volume().sealed();
    }

    private long allocatedBytes(Segment segment, long unknown) {
        try {
            return segment.volume().engine().allocatedBytes(segment.file().file());
        } catch (IoFailure e) {
            LOG.debug("no count of blocks: {}", e.getMessage());
            return unknown;
        }
    }

    /** False if the file is still there, and goes on to count. */
    private boolean remove(Volume volume, int id, IoFile file) {
        file.close();
        IoFailure failure = volume.directory().delete(file.file());
        if (failure != null) {
            LOG.warn("cannot delete {}: {}", file.file(), failure.getMessage());
            listener.ioFailed("delete", failure);
            segments.strays()
                    .put(
                            id,
                            new Stray(volume, id, file.file(), volume.geometry().reserveBytes()));
        }
        return failure == null;
    }

    private Failed failed(Volume volume, IoFailure failure) {
        listener.ioFailed("create", failure);
        String message = "no new segment: " + failure.getMessage();
        if (failure.kind() == IoFailure.Kind.NO_SPACE) {
            return new Failed(ShedReason.NO_SPACE, message, volume.reclaimer().createRefused(failure));
        }
        volume.createFailed(failure);
        LOG.warn("{}", message);
        return new Failed(ShedReason.IO_ERROR, message, REFUSED_PAUSE_NANOS);
    }
}
