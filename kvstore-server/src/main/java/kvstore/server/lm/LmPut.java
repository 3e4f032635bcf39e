package kvstore.server.lm;

import java.io.IOException;
import java.util.Optional;
import kvstore.api.ChunkKey;
import kvstore.server.metrics.LmOutcome;
import kvstore.server.transfer.ChunkPut;
import kvstore.server.transfer.PayloadSource;
import kvstore.server.transfer.PutOutcome;
import kvstore.server.transfer.SocketIntake;
import kvstore.server.transfer.Transfers;
import kvstore.v1.PutReason;
import kvstore.v1.PutStatus;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One PUT. The protocol has no reply to it, so a value that cannot be stored is read to its end and dropped: otherwise the
 * client's next request would not be found.
 */
final class LmPut {
    private static final Logger log = LoggerFactory.getLogger(LmPut.class);

    private final Transfers transfers;
    private final LmRequest request;
    private final String clientId;
    private final SocketIntake intake;
    private @Nullable PutOutcome outcome;

    LmPut(Transfers transfers, LmRequest request, String clientId, SocketIntake intake) {
        this.transfers = transfers;
        this.request = request;
        this.clientId = clientId;
        this.intake = intake;
    }

    /** The way of a PUT. Blocks. */
    LmOutcome run() throws IOException, InterruptedException {
        long valueBytes = (long) request.form().metadataBytes() + request.length();
        ChunkKey key = request.key();
        try (ChunkPut put = new ChunkPut(transfers, valueBytes, clientId, told -> outcome = told)) {
            Optional<PutOutcome> refusal = refusal(key, valueBytes);
            if (refusal.isPresent()) {
                put.end(refusal.get());
            } else if (key != null) {
                ChunkPut.Arrived arrived = put.receive(key, source());
                if (arrived != null) {
                    arrived.commit();
                }
            }
            intake.drop();
        }
        return end();
    }

    private PayloadSource source() {
        return request.form() == LmForm.V1 ? new MetadataFirst(request.metadata(), intake) : intake;
    }

    private Optional<PutOutcome> refusal(@Nullable ChunkKey key, long valueBytes) {
        if (key == null) {
            return Optional.of(PutOutcome.rejected(PutReason.PUT_REASON_BAD_KEY, "the key is empty"));
        }
        if (request.length() == 0 || valueBytes > transfers.maxValueBytes()) {
            return Optional.of(PutOutcome.rejected(
                    PutReason.PUT_REASON_BAD_LENGTH,
                    "the value has " + request.length() + " bytes, of 1 to "
                            + (transfers.maxValueBytes() - request.form().metadataBytes())
                            + " that are allowed (data.max-value-size)"));
        }
        return Optional.empty();
    }

    private LmOutcome end() {
        PutOutcome told = outcome;
        if (told == null) {
            return LmOutcome.DROPPED;
        }
        if (told.status() == PutStatus.PUT_STATUS_STORED || told.status() == PutStatus.PUT_STATUS_ALREADY_STORED) {
            return LmOutcome.OK;
        }
        log.atDebug()
                .addKeyValue("key", request.key())
                .addKeyValue("reason", told.reason())
                .addKeyValue("message", told.message())
                .log("a value of an lm client was dropped");
        return LmOutcome.DROPPED;
    }
}
