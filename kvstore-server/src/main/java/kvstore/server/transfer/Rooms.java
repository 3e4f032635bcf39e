package kvstore.server.transfer;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import kvstore.api.ChunkKey;
import kvstore.server.identity.CacheSalts;
import kvstore.server.identity.Tenant;
import kvstore.server.io.Refusal;
import kvstore.server.memory.Slab;
import kvstore.server.memory.SlabPool;
import kvstore.server.metrics.Direction;
import kvstore.store.Reservation;
import kvstore.store.ReserveResult;
import kvstore.store.ShedReason;
import kvstore.v1.PutReason;
import kvstore.v1.PutStatus;
import org.jspecify.annotations.Nullable;

/** Makes room for a put: memory of the daemon, where its bytes pass through that, and a place in a segment. */
public final class Rooms {
    private Rooms() {}

    /** What came of it. */
    public sealed interface Made {}

    /**
     * Room for a chunk. Both are the caller's to close.
     *
     * @param slab null if none was asked for
     */
    public record Room(@Nullable Slab slab, Reservation reservation) implements Made {}

    /** The outcome of the put is clear without. */
    public record None(PutOutcome outcome) implements Made {}

    /**
     * Makes room for a chunk; blocks for as long as a put waits. Memory comes first, because a place that is given up is
     * lost until its segment is evicted: puts that are shed for want of memory would push out what is stored.
     *
     * @param length of the value in bytes
     * @param clientId who puts; empty is nobody
     * @param slabBytes memory for its first piece; 0 for none
     */
    public static Made make(Transfers transfers, ChunkKey key, long length, String clientId, long slabBytes)
            throws InterruptedException {
        long end = System.nanoTime() + transfers.putWait().toNanos();
        Tenant tenant = transfers.tenants().ownerOf(key);
        if (tenant.limits().requireCacheSalt() && !CacheSalts.has(key)) {
            return new None(PutOutcome.rejected(
                    PutReason.PUT_REASON_BAD_KEY,
                    "the key has no cache salt, and tenant %s stores no others (tenants.file)".formatted(tenant)));
        }
        while (true) {
            if (isStored(transfers, key, length)) {
                return new None(PutOutcome.of(PutStatus.PUT_STATUS_ALREADY_STORED));
            }
            if (transfers.drain().isOn()) {
                return new None(Reasons.DRAINING);
            }
            Refusal refusal =
                    transfers.disk().admitWrite(length, Duration.ofNanos(Math.max(0, end - System.nanoTime())));
            if (refusal != null) {
                return new None(Reasons.shed(refusal));
            }
            Slab slab = slabBytes == 0 ? null : acquire(transfers, slabBytes);
            if (slab == null && slabBytes != 0) {
                return new None(noMemory(transfers, key, length));
            }
            Duration left = Duration.ofNanos(Math.max(0, end - System.nanoTime()));
            ReserveResult result = null;
            try {
                result = transfers
                        .store()
                        .reserve(key, length, clientId, left, tenant.limits().quotaBytes());
            } finally {
                if (slab != null && !(result instanceof ReserveResult.Reserved)) {
                    slab.close();
                }
            }
            switch (result) {
                case ReserveResult.Reserved(Reservation reservation) -> {
                    return new Room(slab, reservation);
                }
                case ReserveResult.AlreadyStored _ -> {
                    return new None(PutOutcome.of(PutStatus.PUT_STATUS_ALREADY_STORED));
                }
                case ReserveResult.InFlight(CompletableFuture<Boolean> committed) -> {
                    if (!Futures.endsWithin(committed, left)) {
                        return new None(PutOutcome.shed(
                                PutReason.PUT_REASON_CONCURRENT_PUT, "another put of this key is still in flight"));
                    }
                }
                case ReserveResult.Refused(ShedReason reason, String message)
                when reason == ShedReason.OVER_QUOTA -> {
                    tenant.shedPut();
                    return new None(PutOutcome.shed(
                            Reasons.of(reason), "tenant %s is at its quota: %s".formatted(tenant, message)));
                }
                case ReserveResult.Refused refused -> {
                    return new None(PutOutcome.shed(Reasons.of(refused.reason()), refused.message()));
                }
            }
        }
    }

    /** Whether there is nothing to write, as far as can be seen without memory. */
    private static boolean isStored(Transfers transfers, ChunkKey key, long length) {
        return transfers.store().lookup(List.of(key), "", 0).sizes()[0] == length;
    }

    /** Memory for a piece of a put; null if there was none in time. */
    public static @Nullable Slab acquire(Transfers transfers, long bytes) throws InterruptedException {
        long start = System.nanoTime();
        Slab slab = transfers
                .slabs()
                .acquire(SlabPool.Use.WRITE, bytes, transfers.putWait().toNanos());
        transfers.metrics().waitedForMemory(Direction.PUT, slab != null, System.nanoTime() - start);
        return slab;
    }

    /** How a put ends for which {@link #acquire} gave nothing. */
    public static PutOutcome noMemory(Transfers transfers, ChunkKey key, long length) {
        transfers.store().shedWithoutMemory(key, length);
        return PutOutcome.shed(PutReason.PUT_REASON_NO_MEMORY, "no memory for writes within " + transfers.putWait());
    }
}
