package kvstore.store;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import kvstore.api.BlockChecksums;
import kvstore.api.Blocks;
import kvstore.api.ChunkKey;
import kvstore.api.HostBuffer;
import kvstore.api.IoFailure;
import kvstore.api.KeyDigest;
import kvstore.store.ChunkIndex.Slot;
import kvstore.store.ChunkIndex.Use;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes again what is worth it of a segment that is about to go: reads, verifies, and puts as a client would, while the
 * old copy stays readable. Within a budget that grows with what was evicted, so that it never takes more than its share of
 * what is written. One call at a time.
 */
final class Reinserter {
    private static final Logger LOG = LoggerFactory.getLogger(Reinserter.class);
    private static final int PIECE_BYTES = 16 * Blocks.BLOCK_BYTES;

    /**
     * Budget is saved up for so many segments' bytes: what is wanted comes in bursts, because conversations were written
     * together.
     */
    private static final int SAVED_SEGMENTS = 4;

    private record Candidate(ChunkKey key, KeyDigest digest, Slot slot, Use use) {
        long recordBytes() {
            return (1 + Blocks.count(slot.length())) * Blocks.BLOCK_BYTES;
        }
    }

    /** The last used first; of equals the one that was written first, because a prefix is put from its head. */
    private static final Comparator<Candidate> BEST_FIRST = Comparator.<Candidate>comparingInt(
                    c -> -c.use().seconds())
            .thenComparingInt(c -> c.slot().block());

    private final EvictionPolicy policy;
    private final ChunkIndex index;
    private final Puts puts;
    private final Forgetting forgetting;
    private final BlockBuffers buffers;
    private final StoreListener listener;
    private final Environment environment;

    /** One piece, and apart from the buffers that a put waits for. */
    private final BlockBuffers pieces = new BlockBuffers(1, PIECE_BYTES);

    private long budgetBytes;
    private boolean begun;

    Reinserter(
            EvictionPolicy policy,
            ChunkIndex index,
            Puts puts,
            Forgetting forgetting,
            BlockBuffers buffers,
            StoreListener listener,
            Environment environment) {
        this.policy = policy;
        this.index = index;
        this.puts = puts;
        this.forgetting = forgetting;
        this.buffers = buffers;
        this.listener = listener;
        this.environment = environment;
    }

    /** The segment went: its share may be written next time. */
    void evicted(Segment segment) {
        budgetBytes = Math.min(budgetBytes + share(segment), SAVED_SEGMENTS * segment.sizeBytes());
    }

    /** Gives the chunks of a segment their second chance. What could not be moved is simply not moved. */
    void rescue(Segment victim) {
        if (policy.rescuedShare() == 0 || !victim.hold()) {
            return;
        }
        if (!begun) {
            begun = true;
            budgetBytes = share(victim);
        }
        try {
            List<Candidate> candidates = candidates(victim);
            candidates.sort(BEST_FIRST);
            for (int i = 0; i < candidates.size(); i++) {
                ReinsertionRefusal refusal = candidates.get(i).recordBytes() > budgetBytes
                        ? ReinsertionRefusal.BUDGET
                        : move(victim, candidates.get(i));
                if (refusal == ReinsertionRefusal.BUDGET || refusal == ReinsertionRefusal.NO_ROOM) {
                    // Not a smaller one instead: that would keep a tail and lose its head.
                    listener.reinsertionRefused(refusal, candidates.size() - i);
                    return;
                }
                if (refusal != ReinsertionRefusal.NONE) {
                    listener.reinsertionRefused(refusal, 1);
                }
            }
        } finally {
            victim.release();
        }
    }

    private long share(Segment segment) {
        return (long) (segment.sizeBytes() * policy.rescuedShare());
    }

    private List<Candidate> candidates(Segment victim) {
        List<Candidate> candidates = new ArrayList<>();
        int now = environment.seconds();
        int created = (int) (victim.header().createdMillis() / 1000);
        boolean _ = IndexArea.show(
                victim,
                buffers,
                item -> {
                    Use use = item.isChunk() ? index.use(item.digest(), victim.id(), item.block()) : null;
                    if (use != null && policy.rescues(use, created, now)) {
                        Slot slot = new Slot(victim.id(), item.block(), item.length());
                        candidates.add(new Candidate(item.chunkKey(), item.digest(), slot, use));
                    }
                },
                listener);
        return candidates;
    }

    private ReinsertionRefusal move(Segment victim, Candidate from) {
        if (!victim.hold()) {
            return ReinsertionRefusal.GONE;
        }
        try (PinnedChunk chunk = new PinnedChunk(
                        forgetting,
                        victim,
                        from.key(),
                        from.digest(),
                        from.slot().block(),
                        from.slot().length());
                BlockBuffers.Lent lent = pieces.take()) {
            BlockChecksums checksums = header(chunk, lent.buffer());
            return switch (puts.reserveAgain(from.key(), from.digest(), from.slot(), from.use())) {
                case ReserveResult.Refused _ -> ReinsertionRefusal.NO_ROOM;
                case ReserveResult.InFlight _, ReserveResult.AlreadyStored _ -> ReinsertionRefusal.GONE;
                case ReserveResult.Reserved(Reservation reservation) -> {
                    budgetBytes -= from.recordBytes();
                    try (reservation) {
                        copy(chunk, checksums, reservation, lent.buffer());
                        reservation.commit(checksums);
                    }
                    listener.reinserted(from.slot().length());
                    yield ReinsertionRefusal.NONE;
                }
            };
        } catch (CorruptRecordException e) {
            // Its key is a miss from now on.
            Slot slot = from.slot();
            String reason = String.valueOf(e.getMessage());
            forgetting.quarantine(from.key(), from.digest(), victim, slot.block(), slot.length(), reason);
            return ReinsertionRefusal.FAILED;
        } catch (IoFailure e) {
            LOG.warn("a chunk that was read goes with its segment {}: {}", victim.id(), e.getMessage());
            listener.ioFailed("reinsert", e);
            return ReinsertionRefusal.FAILED;
        }
    }

    private static BlockChecksums header(PinnedChunk chunk, HostBuffer piece) throws IoFailure, CorruptRecordException {
        HostBuffer block = piece.slice(0, Blocks.BLOCK_BYTES);
        Io.await(chunk.file().read(chunk.recordOffset(), block));
        return chunk.prove(block.memory());
    }

    /** Moves the payload with its padding; nothing that is wrong gets as far as a header. */
    private static void copy(PinnedChunk chunk, BlockChecksums checksums, Reservation to, HostBuffer piece)
            throws IoFailure, CorruptRecordException {
        long paddedBytes = Blocks.roundUp(chunk.length());
        for (long at = 0; at < paddedBytes; at += PIECE_BYTES) {
            HostBuffer part = piece.slice(0, Math.min(PIECE_BYTES, paddedBytes - at));
            Io.await(chunk.file().read(chunk.recordOffset() + Blocks.BLOCK_BYTES + at, part));
            long payload = Math.min(part.sizeBytes(), chunk.length() - at);
            if (checksums.firstMismatch(at, part.memory().asSlice(0, payload)) >= 0) {
                throw new CorruptRecordException("payload checksum");
            }
            Io.await(to.file().write(to.payloadOffset() + at, part));
        }
    }
}
