package kvstore.server.region;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import kvstore.api.BlockChecksums;
import kvstore.api.Blocks;
import kvstore.api.Region;
import kvstore.server.memory.SlabPool;
import kvstore.server.metrics.Direction;
import kvstore.server.transfer.Pins;
import kvstore.server.transfer.Reasons;
import kvstore.server.transfer.StagedRead;
import kvstore.server.transfer.Transfers;
import kvstore.store.CorruptRecordException;
import kvstore.store.PinnedChunk;
import kvstore.v1.GetStatus;
import kvstore.v1.MissReason;

/**
 * One get into a region. {@link #load} is its way from top to bottom: find and pin the record, read its payload to where
 * it is wanted while the header is read beside it, prove the header, verify every block.
 */
final class RegionGet {
    private final Transfers transfers;
    private final RegionThreads threads;
    private final RegisteredRegion registered;
    private final RegionItem item;
    private final Optional<Long> deadlineNanos;
    private final Region region;
    private final long inPlaceBytes;

    /** @param deadlineNanos when the caller stops waiting, by {@link System#nanoTime}; empty if it never does */
    RegionGet(
            Transfers transfers,
            RegionThreads threads,
            RegisteredRegion registered,
            RegionItem item,
            Optional<Long> deadlineNanos) {
        this.deadlineNanos = deadlineNanos;
        this.transfers = transfers;
        this.threads = threads;
        this.registered = registered;
        this.item = item;
        this.region = registered.region();
        this.inPlaceBytes = item.inPlaceBytes(region);
    }

    /**
     * Loads the item. Blocks until nothing writes to the region any more.
     *
     * @return why it is a miss; unspecified for a hit
     */
    MissReason load() throws InterruptedException {
        long start = System.nanoTime();
        transfers.metrics().transferBegan(Direction.GET);
        MissReason miss = MissReason.MISS_REASON_IN_FLIGHT;
        try {
            miss = registered.enter() ? loadEntered() : MissReason.MISS_REASON_REGION_GONE;
        } finally {
            boolean hit = miss == MissReason.MISS_REASON_UNSPECIFIED;
            transfers.metrics().transferEnded(Direction.GET);
            transfers
                    .metrics()
                    .get(
                            hit ? GetStatus.GET_STATUS_HIT : GetStatus.GET_STATUS_MISS,
                            miss,
                            hit ? item.length() : 0,
                            System.nanoTime() - start);
        }
        return miss;
    }

    private MissReason loadEntered() throws InterruptedException {
        try {
            return switch (Pins.pin(transfers, item.key(), item.length(), true, deadlineNanos)) {
                case Pins.Missed(MissReason reason) -> reason;
                case Pins.InFlight() -> MissReason.MISS_REASON_IN_FLIGHT;
                case Pins.Found(PinnedChunk chunk) -> read(chunk);
            };
        } finally {
            registered.leave();
        }
    }

    /** A stretch of the payload that was read in place, and the checksums that it has there. */
    private record InPlace(long at, long bytes, CompletableFuture<BlockChecksums> checksums) {}

    private MissReason read(PinnedChunk chunk) throws InterruptedException {
        List<InPlace> pieces = new ArrayList<>();
        try (chunk) {
            BlockChecksums expected;
            try (StagedRead head = transfers.reads().read(chunk.file(), chunk.recordOffset(), Blocks.BLOCK_BYTES)) {
                if (head == null) {
                    return MissReason.MISS_REASON_NO_MEMORY;
                }
                try {
                    readInPlace(chunk, pieces);
                } finally {
                    awaitEnd(pieces);
                }
                MissReason miss = head.await();
                if (miss != MissReason.MISS_REASON_UNSPECIFIED) {
                    return miss;
                }
                expected = chunk.prove(head.memory());
            }
            return verify(chunk, expected, pieces);
        } catch (CorruptRecordException e) {
            chunk.quarantine(String.valueOf(e.getMessage()));
            return MissReason.MISS_REASON_CORRUPT;
        } catch (CompletionException e) {
            return Reasons.missOf(e);
        }
    }

    /** The larger part of a record's payload comes without passing through memory of the daemon. */
    private void readInPlace(PinnedChunk chunk, List<InPlace> pieces) {
        for (long at = 0; at < inPlaceBytes; at += SlabPool.MAX_SLAB_BYTES) {
            long bytes = Math.min(SlabPool.MAX_SLAB_BYTES, inPlaceBytes - at);
            CompletableFuture<Void> read =
                    chunk.file().read(payloadOffset(chunk) + at, region.buffer(item.offset() + at, bytes));
            pieces.add(new InPlace(at, bytes, threads.checksumsAfter(read, region, item.offset() + at, bytes)));
        }
    }

    /**
     * Compares what was read in place, and brings the rest. A piece that does not fit its checksums is read once more, into
     * memory that the client cannot write to: only what is wrong there is the disk's fault and is quarantined.
     */
    private MissReason verify(PinnedChunk chunk, BlockChecksums expected, List<InPlace> pieces)
            throws InterruptedException {
        long copiedBytes = item.length() - inPlaceBytes;
        for (InPlace piece : pieces) {
            int firstBlock = (int) (piece.at() / Blocks.BLOCK_BYTES);
            if (expected.firstMismatch(firstBlock, piece.checksums().join()) >= 0) {
                copiedBytes += piece.bytes();
                MissReason miss = copy(chunk, expected, piece.at(), piece.bytes());
                if (miss != MissReason.MISS_REASON_UNSPECIFIED) {
                    return miss;
                }
            }
        }
        for (long at = inPlaceBytes; at < item.length(); at += SlabPool.MAX_SLAB_BYTES) {
            long bytes = Math.min(SlabPool.MAX_SLAB_BYTES, item.length() - at);
            MissReason miss = copy(chunk, expected, at, bytes);
            if (miss != MissReason.MISS_REASON_UNSPECIFIED) {
                return miss;
            }
        }
        transfers.metrics().movedInRegion(Direction.GET, item.length() - copiedBytes, copiedBytes);
        return MissReason.MISS_REASON_UNSPECIFIED;
    }

    /** Brings a stretch through the daemon's memory: read, verify, copy. */
    private MissReason copy(PinnedChunk chunk, BlockChecksums expected, long at, long bytes)
            throws InterruptedException {
        try (StagedRead read = transfers.reads().read(chunk.file(), payloadOffset(chunk) + at, bytes)) {
            if (read == null) {
                return MissReason.MISS_REASON_NO_MEMORY;
            }
            MissReason miss = read.await();
            if (miss != MissReason.MISS_REASON_UNSPECIFIED) {
                return miss;
            }
            MemorySegment payload = read.memory().asSlice(0, bytes);
            int bad = expected.firstMismatch(at, payload);
            if (bad >= 0) {
                chunk.quarantine("payload block " + bad + " does not match its checksum");
                return MissReason.MISS_REASON_CORRUPT;
            }
            threads.write(region, item.offset() + at, payload).join();
            return MissReason.MISS_REASON_UNSPECIFIED;
        }
    }

    private static long payloadOffset(PinnedChunk chunk) {
        return chunk.recordOffset() + Blocks.BLOCK_BYTES;
    }

    /** Waits for the end of every read into the region, good or bad: until then its memory is in use. */
    private static void awaitEnd(List<InPlace> pieces) {
        CompletableFuture.allOf(pieces.stream().map(InPlace::checksums).toArray(CompletableFuture[]::new))
                .handle((_, _) -> true)
                .join();
    }
}
