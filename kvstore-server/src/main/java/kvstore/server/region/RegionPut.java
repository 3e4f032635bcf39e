package kvstore.server.region;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import kvstore.api.BlockChecksums;
import kvstore.api.IoFailure;
import kvstore.api.Region;
import kvstore.server.memory.Slab;
import kvstore.server.memory.SlabPool;
import kvstore.server.metrics.Direction;
import kvstore.server.transfer.PutOutcome;
import kvstore.server.transfer.Reasons;
import kvstore.server.transfer.Rooms;
import kvstore.server.transfer.Transfers;
import kvstore.store.Reservation;
import kvstore.v1.PutReason;
import kvstore.v1.PutStatus;
import org.jspecify.annotations.Nullable;

/**
 * One put whose bytes lie in a region. {@link #store} is its way from top to bottom: a place in a segment, payload to disk
 * from where it is while its checksums are computed, commit.
 *
 * <p>The client could change the bytes between the two. Then the checksums do not fit what is on disk, and every get of it
 * is a miss: nobody is served what nobody checked.
 */
final class RegionPut {
    private final Transfers transfers;
    private final RegionThreads threads;
    private final RegisteredRegion registered;
    private final RegionItem item;
    private final String clientId;
    private final Region region;
    private final long inPlaceBytes;

    RegionPut(
            Transfers transfers, RegionThreads threads, RegisteredRegion registered, RegionItem item, String clientId) {
        this.transfers = transfers;
        this.threads = threads;
        this.registered = registered;
        this.item = item;
        this.clientId = clientId;
        this.region = registered.region();
        this.inPlaceBytes = item.inPlaceBytes(region);
    }

    /** Stores the item. Blocks until nothing reads the region any more. */
    PutOutcome store() throws InterruptedException {
        long start = System.nanoTime();
        transfers.metrics().transferBegan(Direction.PUT);
        PutOutcome outcome = PutOutcome.shed(PutReason.PUT_REASON_STOPPING, "the put was interrupted");
        try {
            outcome = registered.enter() ? storeEntered() : gone();
        } finally {
            transfers.metrics().transferEnded(Direction.PUT);
            transfers.metrics().put(outcome.status(), outcome.reason(), item.length(), System.nanoTime() - start);
        }
        return outcome;
    }

    private PutOutcome storeEntered() throws InterruptedException {
        try {
            long slabBytes = Math.min(SlabPool.MAX_SLAB_BYTES, item.length() - inPlaceBytes);
            return switch (Rooms.make(transfers, item.key(), item.length(), clientId, slabBytes)) {
                case Rooms.None(PutOutcome outcome) -> outcome;
                case Rooms.Room(Slab slab, Reservation reservation) -> write(slab, reservation);
            };
        } finally {
            registered.leave();
        }
    }

    private PutOutcome write(@Nullable Slab firstSlab, Reservation reservation) throws InterruptedException {
        List<CompletableFuture<?>> moves = new ArrayList<>();
        try (reservation) {
            CompletableFuture<BlockChecksums> checksums = threads.checksumsAfter(
                    CompletableFuture.completedFuture(null), region, item.offset(), item.length());
            moves.add(checksums);
            PutOutcome without;
            try {
                without = writeAll(firstSlab, reservation, moves);
            } finally {
                awaitEnd(moves);
            }
            if (without != null) {
                return without;
            }
            CompletableFuture.allOf(moves.toArray(CompletableFuture[]::new)).join();
            if (registered.isRevoked()) {
                return gone();
            }
            reservation.commit(checksums.join());
            transfers.metrics().movedInRegion(Direction.PUT, inPlaceBytes, item.length() - inPlaceBytes);
            return PutOutcome.of(PutStatus.PUT_STATUS_STORED);
        } catch (IoFailure e) {
            return failed(e);
        } catch (CompletionException e) {
            return failed(e.getCause() instanceof IoFailure failure ? failure : e);
        }
    }

    /** Starts every move; the slab goes with the last of them, or comes back. */
    private @Nullable PutOutcome writeAll(
            @Nullable Slab firstSlab, Reservation reservation, List<CompletableFuture<?>> moves)
            throws InterruptedException {
        boolean handedOver = false;
        try {
            writeInPlace(reservation, moves);
            handedOver = true;
        } finally {
            if (!handedOver && firstSlab != null) {
                firstSlab.close();
            }
        }
        return writeThroughSlabs(firstSlab, reservation, moves);
    }

    private void writeInPlace(Reservation reservation, List<CompletableFuture<?>> moves) {
        for (long at = 0; at < inPlaceBytes; at += SlabPool.MAX_SLAB_BYTES) {
            long bytes = Math.min(SlabPool.MAX_SLAB_BYTES, inPlaceBytes - at);
            moves.add(reservation
                    .file()
                    .write(reservation.payloadOffset() + at, region.buffer(item.offset() + at, bytes)));
        }
    }

    /** Copies and writes what cannot be written in place; an outcome if there was no memory for that. */
    private @Nullable PutOutcome writeThroughSlabs(
            @Nullable Slab firstSlab, Reservation reservation, List<CompletableFuture<?>> moves)
            throws InterruptedException {
        for (long at = inPlaceBytes; at < item.length(); at += SlabPool.MAX_SLAB_BYTES) {
            long bytes = Math.min(SlabPool.MAX_SLAB_BYTES, item.length() - at);
            Slab slab = at == inPlaceBytes ? firstSlab : Rooms.acquire(transfers, bytes);
            if (slab == null) {
                return Rooms.noMemory(transfers, item.key(), item.length());
            }
            long place = reservation.payloadOffset() + at;
            moves.add(writeThrough(slab, item.offset() + at, bytes, reservation, place));
        }
        return null;
    }

    /** Copies a stretch of the region into the slab and writes that. The slab comes back by itself, whatever happens. */
    private CompletableFuture<Void> writeThrough(
            Slab slab, long offset, long bytes, Reservation reservation, long place) {
        MemorySegment memory = slab.buffer().memory();
        memory.asSlice(bytes).fill((byte) 0);
        return threads.read(region, offset, memory.asSlice(0, bytes))
                .thenCompose(_ -> reservation.file().write(place, slab.buffer()))
                .whenComplete((_, _) -> slab.close());
    }

    /** Waits for the end of every move, good or bad, also when interrupted: until then the memory is in use. */
    private static void awaitEnd(List<CompletableFuture<?>> moves) {
        CompletableFuture.allOf(moves.toArray(CompletableFuture[]::new))
                .handle((_, _) -> true)
                .join();
    }

    private static PutOutcome gone() {
        return PutOutcome.shed(PutReason.PUT_REASON_REGION_GONE, "the region was given up");
    }

    private static PutOutcome failed(Exception failure) {
        PutReason reason = failure instanceof IoFailure io ? Reasons.of(io) : PutReason.PUT_REASON_IO_ERROR;
        return PutOutcome.shed(reason, String.valueOf(failure.getMessage()));
    }
}
