package kvstore.store;

import java.util.BitSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import kvstore.api.ChunkKey;
import kvstore.api.KeyDigest;
import kvstore.store.ChunkIndex.Slot;
import org.jspecify.annotations.Nullable;

/** Finds chunks, in memory only. */
final class Lookups {
    /**
     * A get so soon after a use is that lookup's, and leaves its time alone: the gets of a prefix come one after the other,
     * and would make its tail younger than its head.
     */
    private static final int GET_GRACE_SECONDS = 10;

    private final ChunkIndex index;
    private final Segments segments;
    private final InFlight inFlight;
    private final LeaseTable leases;
    private final Forgetting forgetting;
    private final Expiry expiry;
    private final long leaseMillisMax;
    private final Environment environment;

    Lookups(
            ChunkIndex index,
            Segments segments,
            InFlight inFlight,
            LeaseTable leases,
            Forgetting forgetting,
            Expiry expiry,
            long leaseMillisMax,
            Environment environment) {
        this.index = index;
        this.segments = segments;
        this.inFlight = inFlight;
        this.leases = leases;
        this.forgetting = forgetting;
        this.expiry = expiry;
        this.leaseMillisMax = leaseMillisMax;
        this.environment = environment;
    }

    LookupResult lookup(List<ChunkKey> keys, String clientId, long leaseMillis) {
        int seconds = environment.seconds();
        int notBefore = expiry.tick(seconds);
        boolean leading = true;
        BitSet found = new BitSet(keys.size());
        long[] sizes = new long[keys.size()];
        Set<Segment> held = new LinkedHashSet<>();
        for (int i = 0; i < sizes.length; i++) {
            KeyDigest digest = KeyDigest.of(keys.get(i));
            // First what is in flight: a put leaves that table only after the index has it.
            InFlightPut put = clientId.isEmpty() ? null : inFlight.get(digest);
            if (put != null && put.clientId.equals(clientId)) {
                sizes[i] = put.length;
            } else {
                // What lies behind a gap is of no use. From the head on: at no moment is it older than its tail.
                sizes[i] = length(digest, leading ? seconds : 0, notBefore, leaseMillis > 0 ? held : null);
            }
            leading &= sizes[i] > 0;
            found.set(i, sizes[i] > 0);
        }
        long millis = Math.min(leaseMillis, leaseMillisMax);
        long lease = held.isEmpty() ? 0 : leases.grant(keys.getFirst().namespace(), held, millis);
        return new LookupResult(found, sizes, found.nextClearBit(0), lease, lease == 0 ? 0 : millis);
    }

    PinResult pin(ChunkKey key) {
        KeyDigest digest = KeyDigest.of(key);
        PinnedChunk chunk = tryPin(key, digest);
        if (chunk == null) {
            InFlightPut put = inFlight.get(digest);
            if (put != null) {
                return new PinResult.InFlight(put.committed.copy());
            }
            // It may have become visible between the two looks.
            chunk = tryPin(key, digest);
        }
        if (chunk == null) {
            return segments.missed(index.peek(digest)) ? new PinResult.Away() : new PinResult.Absent();
        }
        return new PinResult.Pinned(chunk);
    }

    /** The length of a visible chunk, or 0; takes a hold on its segment if {@code held} is given and lacks it. */
    private long length(KeyDigest digest, int seconds, int notBefore, @Nullable Set<Segment> held) {
        long length = lengthOnce(digest, seconds, notBefore, held);
        // Between the two looks of the first try it may have moved to another segment.
        return length > 0 || index.peek(digest) == null ? length : lengthOnce(digest, seconds, notBefore, held);
    }

    private long lengthOnce(KeyDigest digest, int seconds, int notBefore, @Nullable Set<Segment> held) {
        Slot slot = index.get(digest, seconds, 0, notBefore);
        Segment segment = slot == null ? null : segments.get(slot.segment());
        if (slot == null || segment == null) {
            return 0;
        }
        if (held != null && !held.contains(segment)) {
            if (!segment.hold()) {
                return 0;
            }
            held.add(segment);
        }
        return slot.length();
    }

    private @Nullable PinnedChunk tryPin(ChunkKey key, KeyDigest digest) {
        int seconds = environment.seconds();
        Slot slot = index.get(digest, seconds, GET_GRACE_SECONDS, expiry.tick(seconds));
        Segment segment = slot == null ? null : segments.get(slot.segment());
        if (slot == null || segment == null || !segment.hold()) {
            return null;
        }
        return new PinnedChunk(forgetting, segment, key, digest, slot.block(), slot.length());
    }
}
