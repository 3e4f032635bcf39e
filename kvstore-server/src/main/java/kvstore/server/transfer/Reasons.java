package kvstore.server.transfer;

import java.util.concurrent.CompletionException;
import kvstore.api.IoFailure;
import kvstore.server.io.Refusal;
import kvstore.store.ShedReason;
import kvstore.v1.MissReason;
import kvstore.v1.PutReason;
import org.jspecify.annotations.Nullable;

/** The store's words for why not, in the words of the wire. */
public final class Reasons {
    /** How a put is shed while the daemon drains. */
    static final PutOutcome DRAINING = PutOutcome.shed(
            PutReason.PUT_REASON_STOPPING, "the daemon drains and stores nothing: kvstore drain --undo ends that");

    private Reasons() {}

    static PutReason of(ShedReason reason) {
        return switch (reason) {
            case NO_SPACE -> PutReason.PUT_REASON_NO_SPACE;
            case OVER_QUOTA -> PutReason.PUT_REASON_OVER_QUOTA;
            case IO_ERROR -> PutReason.PUT_REASON_IO_ERROR;
            case STOPPING -> PutReason.PUT_REASON_STOPPING;
        };
    }

    /** Why a put is shed whose payload could not be written. */
    public static PutReason of(IoFailure failure) {
        return switch (failure.kind()) {
            case NO_SPACE -> PutReason.PUT_REASON_NO_SPACE;
            case MEMORY_GONE -> PutReason.PUT_REASON_REGION_GONE;
            case UNAVAILABLE -> PutReason.PUT_REASON_UNAVAILABLE;
            default -> PutReason.PUT_REASON_IO_ERROR;
        };
    }

    /** How a put is shed that the disk cannot take now. */
    static PutOutcome shed(Refusal refusal) {
        return switch (refusal) {
            case OVERLOADED ->
                PutOutcome.shed(
                        PutReason.PUT_REASON_OVERLOADED,
                        "the disk has more to write than io.write-budget, and did not catch up in time");
            case UNAVAILABLE ->
                PutOutcome.shed(PutReason.PUT_REASON_UNAVAILABLE, "the disk does not take writes: see kvstore stat");
        };
    }

    /** Why a get is a miss that the disk cannot serve now. */
    static MissReason missOf(Refusal refusal) {
        return switch (refusal) {
            case OVERLOADED -> MissReason.MISS_REASON_OVERLOADED;
            case UNAVAILABLE -> MissReason.MISS_REASON_UNAVAILABLE;
        };
    }

    /** Why a get is a miss whose read failed. */
    public static MissReason missOf(@Nullable Throwable failure) {
        if (failure instanceof CompletionException wrapped) {
            return missOf(wrapped.getCause());
        }
        if (!(failure instanceof IoFailure io)) {
            return MissReason.MISS_REASON_IO_ERROR;
        }
        return switch (io.kind()) {
            case MEMORY_GONE -> MissReason.MISS_REASON_REGION_GONE;
            case UNAVAILABLE -> MissReason.MISS_REASON_UNAVAILABLE;
            default -> MissReason.MISS_REASON_IO_ERROR;
        };
    }
}
