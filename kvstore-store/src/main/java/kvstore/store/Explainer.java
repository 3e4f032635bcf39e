package kvstore.store;

import java.util.List;
import kvstore.api.Blocks;
import kvstore.api.ChunkKey;
import kvstore.api.IoFailure;
import kvstore.api.KeyDigest;
import kvstore.store.ChunkIndex.Slot;
import kvstore.store.Departure.Cause;
import org.jspecify.annotations.Nullable;

/** Answers why a key is found or not, without counting as a use of it. */
final class Explainer {
    private final ChunkIndex index;
    private final Segments segments;
    private final InFlight inFlight;
    private final LeaseTable leases;
    private final EvictionPolicy policy;
    private final Environment environment;

    /** One of its own: a question makes no put wait. */
    private final BlockBuffers buffers = new BlockBuffers(1, Blocks.BLOCK_BYTES);

    Explainer(
            ChunkIndex index,
            Segments segments,
            InFlight inFlight,
            LeaseTable leases,
            EvictionPolicy policy,
            Environment environment) {
        this.index = index;
        this.segments = segments;
        this.inFlight = inFlight;
        this.leases = leases;
        this.policy = policy;
        this.environment = environment;
    }

    Explanation explain(ChunkKey key) {
        KeyDigest digest = KeyDigest.of(key);
        Departure last = index.ghosts().get(digest);
        Slot slot = index.peek(digest);
        Segment segment = slot == null ? null : segments.get(slot.segment());
        Departure expired = slot == null ? null : expired(digest, slot);
        if (slot != null && segment != null && expired == null) {
            return here(digest, slot, segment, last);
        }
        InFlightPut put = inFlight.get(digest);
        if (put != null) {
            return new Explanation.InFlight(put.length, last);
        }
        Segment away = expired == null ? segments.away(slot) : null;
        if (slot != null && away != null) {
            return new Explanation.Away(
                    away.id(), away.file().file(), slot.length(), away.volume().awayReason(), last);
        }
        return new Explanation.Absent(expired == null ? last : expired, namespaces(key), segments.anyUnreadVolume());
    }

    /** What is idle for too long is a miss at once; its segment goes later. */
    private @Nullable Departure expired(KeyDigest digest, Slot slot) {
        int now = environment.seconds();
        int limit = policy.expiredBefore(now);
        int used = index.usedSeconds(digest);
        return used == 0 || used >= limit
                ? null
                : new Departure(Cause.EXPIRED, (used + (now - limit)) * 1000L, slot.segment(), slot.length());
    }

    private Explanation.Here here(KeyDigest digest, Slot slot, Segment segment, @Nullable Departure last) {
        return new Explanation.Here(
                segment.id(),
                segment.file().file(),
                (long) slot.block() * Blocks.BLOCK_BYTES,
                slot.length(),
                segment.header().createdMillis(),
                storedMillis(slot, segment),
                index.usedSeconds(digest) * 1000L,
                leases.on(segment),
                segment.held(),
                last);
    }

    private long storedMillis(Slot slot, Segment segment) {
        try (BlockBuffers.Lent lent = buffers.take()) {
            Io.await(segment.file().read((long) slot.block() * Blocks.BLOCK_BYTES, lent.buffer()));
            RecordHeader header = RecordHeader.decode(lent.buffer().memory().asByteBuffer());
            header.requirePlace(segment.header().nonce(), slot.block());
            return header.stamp().millis();
        } catch (IoFailure | CorruptRecordException _) {
            return 0; // evicted meanwhile, or a get will find out
        }
    }

    private List<String> namespaces(ChunkKey key) {
        return index.namespaces().stream()
                .filter(other -> !other.equals(key.namespace()))
                .filter(other -> index.peek(KeyDigest.of(ChunkKey.of(other, key.bytes()))) != null)
                .sorted()
                .toList();
    }
}
