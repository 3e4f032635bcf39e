package kvstore.server.transfer;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import kvstore.api.ChunkKey;
import kvstore.server.io.Refusal;
import kvstore.store.PinResult;
import kvstore.store.PinnedChunk;
import kvstore.v1.MissReason;

/** Finds the record of a get, and waits for it while its put is in flight. */
public final class Pins {
    private Pins() {}

    /** What came of it. */
    public sealed interface Pin {}

    /** The record, which the caller closes. */
    public record Found(PinnedChunk chunk) implements Pin {}

    /** A miss that is clear before anything was read. */
    public record Missed(MissReason reason) implements Pin {}

    /** A put of the key is in flight, or the disk has much to do, and the caller did not want to wait for it. */
    public record InFlight() implements Pin {}

    /**
     * Finds and pins a record.
     *
     * @param expectedLength of the value in bytes; another one is a miss. 0 for any
     * @param mayWait for a put of this key, or for a disk with too much in line, for as long as a get waits
     * @param deadlineNanos when the caller stops waiting, by {@link System#nanoTime}: a record that the disk would not
     *     bring until then is a miss now. Empty if it never stops
     */
    public static Pin pin(
            Transfers transfers, ChunkKey key, long expectedLength, boolean mayWait, Optional<Long> deadlineNanos)
            throws InterruptedException {
        long end = System.nanoTime() + transfers.getWait().toNanos();
        while (true) {
            switch (transfers.store().pin(key)) {
                case PinResult.Pinned(PinnedChunk chunk) -> {
                    if (expectedLength != 0 && chunk.length() != expectedLength) {
                        chunk.close();
                        return new Missed(MissReason.MISS_REASON_OTHER_LENGTH);
                    }
                    return admit(transfers, chunk, mayWait, deadlineNanos);
                }
                case PinResult.InFlight(CompletableFuture<Boolean> committed) -> {
                    if (!mayWait) {
                        return new InFlight();
                    }
                    if (!Futures.endsWithin(committed, Duration.ofNanos(Math.max(0, end - System.nanoTime())))) {
                        return new Missed(MissReason.MISS_REASON_IN_FLIGHT);
                    }
                }
                case PinResult.Away _ -> {
                    return new Missed(MissReason.MISS_REASON_UNAVAILABLE);
                }
                case PinResult.Absent _ -> {
                    return new Missed(MissReason.MISS_REASON_ABSENT);
                }
            }
        }
    }

    private static Pin admit(Transfers transfers, PinnedChunk chunk, boolean mayWait, Optional<Long> deadlineNanos)
            throws InterruptedException {
        boolean admitted = false;
        try {
            Duration wait = mayWait ? transfers.getWait() : Duration.ZERO;
            Refusal refusal = transfers.disk().admitRead(chunk.recordBytes(), wait, deadlineNanos);
            admitted = refusal == null;
            if (refusal == Refusal.OVERLOADED && !mayWait) {
                return new InFlight(); // judged again by the caller that waits for it
            }
            return refusal == null ? new Found(chunk) : new Missed(Reasons.missOf(refusal));
        } finally {
            if (!admitted) {
                chunk.close();
            }
        }
    }
}
