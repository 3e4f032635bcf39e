package kvstore.store;

import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import kvstore.api.BlockChecksums;
import kvstore.api.Blocks;
import kvstore.api.ChunkKey;
import kvstore.api.IoFailure;
import kvstore.api.KeyDigest;
import kvstore.store.ChunkIndex.Slot;
import kvstore.store.Departure.Cause;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The way of a put: reserve, then commit or abort. */
final class Puts {
    private static final Logger LOG = LoggerFactory.getLogger(Puts.class);

    private final ChunkIndex index;
    private final Segments segments;
    private final InFlight inFlight;
    private final SegmentLog log;
    private final Tombstones tombstones;
    private final BlockBuffers buffers;
    private final long maxValueBytes;
    private final EvictionPolicy policy;
    private final StoreListener listener;
    private final Environment environment;
    private final Set<Reservation> reserved = ConcurrentHashMap.newKeySet();

    Puts(
            ChunkIndex index,
            Segments segments,
            InFlight inFlight,
            SegmentLog log,
            Tombstones tombstones,
            BlockBuffers buffers,
            long maxValueBytes,
            EvictionPolicy policy,
            StoreListener listener,
            Environment environment) {
        this.index = index;
        this.segments = segments;
        this.inFlight = inFlight;
        this.log = log;
        this.tombstones = tombstones;
        this.buffers = buffers;
        this.maxValueBytes = maxValueBytes;
        this.policy = policy;
        this.listener = listener;
        this.environment = environment;
    }

    ReserveResult reserve(ChunkKey key, long length, String clientId, Duration wait, long quotaBytes) {
        if (length < 1 || length > maxValueBytes) {
            throw new IllegalArgumentException("a value has 1 to " + maxValueBytes + " bytes, not " + length);
        }
        InFlightPut put = new InFlightPut(key, KeyDigest.of(key), length, clientId);
        InFlightPut other = inFlight.begin(put);
        if (other != null) {
            return new ReserveResult.InFlight(other.committed.copy());
        }
        ReserveResult result = null;
        try {
            result = stored(put) ? new ReserveResult.AlreadyStored(length) : reserve(put, wait, quotaBytes);
        } finally {
            if (!(result instanceof ReserveResult.Reserved)) {
                end(put, result instanceof ReserveResult.AlreadyStored);
            }
        }
        switch (result) {
            case ReserveResult.AlreadyStored _ -> listener.alreadyStored();
            case ReserveResult.Refused refused -> {
                listener.shed(refused.reason());
                remember(put.digest, Cause.of(refused.reason()), 0, length);
            }
            case ReserveResult.Reserved _, ReserveResult.InFlight _ -> {}
        }
        return result;
    }

    /**
     * Room for another copy of a visible chunk, without waiting. Committed as any other put, but it does not count as a use.
     *
     * @param from where the chunk lies
     * @param use its last
     * @return {@code InFlight} if the key is being put, or the chunk is not there any more; never {@code AlreadyStored}
     */
    ReserveResult reserveAgain(ChunkKey key, KeyDigest digest, Slot from, ChunkIndex.Use use) {
        InFlightPut put = new InFlightPut(key, digest, from.length(), "", Math.max(1, use.seconds()));
        if (!inFlight.beginMove(put, from)) {
            return new ReserveResult.InFlight(put.committed);
        }
        ReserveResult result = null;
        try {
            // it is his already, and the copy that it is made of goes
            result = reserve(put, Duration.ZERO, Long.MAX_VALUE);
        } finally {
            if (!(result instanceof ReserveResult.Reserved)) {
                end(put, false);
            }
        }
        return result;
    }

    /** Header last: whatever fails before it is complete leaves nothing that can be found. */
    void commit(Reservation reservation, BlockChecksums checksums) throws IoFailure {
        InFlightPut put = reservation.put();
        Extent extent = reservation.extent();
        boolean committed = false;
        try {
            RecordHeader.Chunk header = header(put, extent, checksums);
            write(extent, header);
            extent.segment().add(IndexEntry.of(header));
            Slot before = inFlight.publish(
                    put,
                    new Slot(extent.segment().id(), extent.block(), (int) put.length),
                    put.moves() ? put.movedUseSeconds : environment.seconds());
            committed = true;
            index.seen(put.key.namespace());
            if (before != null && before.length() != put.length) {
                remember(put.digest, Cause.REPLACED, before.segment(), before.length());
            }
        } finally {
            if (!committed) {
                takeBack(put, extent);
                remember(put.digest, Cause.ABORTED, 0, put.length);
            }
            reserved.remove(reservation);
            end(put, committed);
            log.finish(extent);
        }
        if (!put.moves()) {
            listener.stored(put.length);
        }
    }

    void abort(Reservation reservation) {
        reserved.remove(reservation);
        end(reservation.put(), false);
        try {
            writeAbandoned(reservation.extent());
        } catch (IoFailure e) {
            // Only a start that has no index area hops over it, and then block by block.
            LOG.debug("no mark at an abandoned record: {}", e.getMessage());
        } finally {
            log.finish(reservation.extent());
        }
        InFlightPut put = reservation.put();
        remember(put.digest, Cause.ABORTED, 0, put.length);
        listener.aborted();
    }

    /** Remembers a put that was refused before it came here: there was no memory for its payload. */
    void shedWithoutMemory(ChunkKey key, long length) {
        remember(KeyDigest.of(key), Cause.SHED_NO_MEMORY, 0, length);
    }

    /** Ends every reservation that is not committing. After {@link SegmentLog#stop}. */
    void abortAll() {
        for (Reservation reservation : List.copyOf(reserved)) {
            if (reservation.end()) {
                reserved.remove(reservation);
                end(reservation.put(), false);
                log.finish(reservation.extent());
                listener.aborted();
            }
        }
    }

    private boolean stored(InFlightPut put) {
        int seconds = environment.seconds();
        Slot slot = index.peek(put.digest);
        boolean stored = slot != null && slot.length() == put.length && segments.get(slot.segment()) != null;
        // What expired is put again; what is promised to be here counts as used.
        return stored && index.get(put.digest, seconds, 0, policy.expiredBefore(seconds)) != null;
    }

    private ReserveResult reserve(InFlightPut put, Duration wait, long quotaBytes) {
        int blocks = 1 + (int) Blocks.count(put.length);
        long bytes = (long) blocks * Blocks.BLOCK_BYTES;
        String owner = Usage.ownerOf(put.key.namespace());
        if (!segments.usage().tryAdd(owner, bytes, quotaBytes)) {
            return new ReserveResult.Refused(
                    ShedReason.OVER_QUOTA,
                    "%d of %d bytes are taken, and the chunk takes %d"
                            .formatted(segments.usage().bytes(owner), quotaBytes, bytes));
        }
        boolean owned = false;
        try {
            ReserveResult result = take(put, blocks, wait);
            if (result instanceof ReserveResult.Reserved(Reservation reservation)) {
                reservation.extent().segment().own(owner, bytes);
                owned = true;
            }
            return result;
        } finally {
            if (!owned) {
                segments.usage().add(owner, -bytes);
            }
        }
    }

    private ReserveResult take(InFlightPut put, int blocks, Duration wait) {
        return switch (log.take(blocks, IndexEntry.bytesFor(put.key), false, wait.toNanos())) {
            case SegmentLog.Taken.NoRoom(ShedReason reason, String message) ->
                new ReserveResult.Refused(reason, message);
            case SegmentLog.Taken.Room(Extent extent) -> {
                Reservation reservation = new Reservation(this, put, extent);
                reserved.add(reservation);
                if (log.stopping() && reservation.end()) {
                    // The closing store may have looked through the set before.
                    reserved.remove(reservation);
                    log.finish(extent);
                    yield new ReserveResult.Refused(ShedReason.STOPPING, "the store is closing");
                }
                yield new ReserveResult.Reserved(reservation);
            }
        };
    }

    private RecordHeader.Chunk header(InFlightPut put, Extent extent, BlockChecksums checksums) {
        boolean hides = inFlight.stamp(put);
        return new RecordHeader.Chunk(stamp(extent, put.sequence), put.key, put.length, hides, checksums);
    }

    /** A failed write may have reached the disk all the same: make sure that no start finds it. */
    private void takeBack(InFlightPut put, Extent extent) {
        try {
            writeAbandoned(extent);
        } catch (IoFailure e) {
            LOG.warn("a failed record could not be marked; it is deleted instead: {}", e.getMessage());
            tombstones.later(new Hide(put.digest, put.sequence + 1));
        }
    }

    private void writeAbandoned(Extent extent) throws IoFailure {
        write(extent, new RecordHeader.Abandoned(stamp(extent, inFlight.nextSequence()), extent.blocks() - 1));
    }

    private void write(Extent extent, RecordHeader header) throws IoFailure {
        try (BlockBuffers.Lent lent = buffers.take()) {
            header.encode(lent.buffer().memory().asByteBuffer());
            Io.await(extent.segment().file().write(extent.offset(), lent.buffer()));
        } catch (IoFailure e) {
            listener.ioFailed("header", e);
            throw e;
        }
    }

    private RecordHeader.Stamp stamp(Extent extent, long sequence) {
        return new RecordHeader.Stamp(
                extent.segment().header().nonce(), extent.block(), sequence, environment.millis());
    }

    private void remember(KeyDigest digest, Cause cause, int segment, long length) {
        index.ghosts().add(digest, new Departure(cause, environment.millis(), segment, length));
    }

    private void end(InFlightPut put, boolean committed) {
        inFlight.end(put);
        // Whoever waits for a copy wants to know whether the key is there, and the old one is.
        put.committed.complete(committed || (put.moves() && index.peek(put.digest) != null));
    }
}
