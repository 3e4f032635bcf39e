package kvstore.server.grpc;

import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.util.concurrent.Semaphore;
import kvstore.api.ChunkKey;
import kvstore.server.identity.Tenant;
import kvstore.server.transfer.ChunkPut;
import kvstore.server.transfer.PutOutcome;
import kvstore.server.transfer.Transfers;
import kvstore.v1.PutBegin;
import kvstore.v1.PutReason;
import kvstore.v1.PutResponse;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One Put stream. A virtual thread walks through its chunks, each of which goes the way of {@link ChunkPut}; a chunk's last
 * write and its commit run beside the next chunk's arrival.
 */
final class PutCall extends ServerCall.Listener<PutFrame> {
    private static final Logger log = LoggerFactory.getLogger(PutCall.class);

    /** Chunks of one stream whose bytes have arrived and whose commit is under way. */
    private static final int COMMITS_AHEAD = 8;

    private final Transfers transfers;
    private final Tenant tenant = CallerGate.tenant();
    private final ServerCall<PutFrame, PutResponse> call;
    private final PutIntake intake;
    private final Semaphore commits = new Semaphore(COMMITS_AHEAD);

    private PutCall(Transfers transfers, ServerCall<PutFrame, PutResponse> call) {
        this.transfers = transfers;
        this.call = call;
        this.intake = new PutIntake(
                call, transfers.frameBytes(), transfers.stallTimeout().toNanos());
    }

    static ServerCallHandler<PutFrame, PutResponse> handler(Transfers transfers) {
        return (call, _) -> {
            PutCall put = new PutCall(transfers, call);
            call.sendHeaders(new Metadata());
            put.intake.open();
            Thread.ofVirtual().name("put").start(put::run);
            return put;
        };
    }

    @Override
    public void onMessage(PutFrame frame) {
        intake.onFrame(frame);
    }

    @Override
    public void onHalfClose() {
        intake.onHalfClose();
    }

    @Override
    public void onCancel() {
        intake.gone();
    }

    /** Also when gRPC ended the call by itself. */
    @Override
    public void onComplete() {
        intake.gone();
    }

    @Override
    public void onReady() {
        intake.onReady();
    }

    private void run() {
        Status end = Status.OK;
        try {
            int index = 0;
            for (PutBegin begin = intake.nextBegin(); begin != null; begin = intake.nextBegin()) {
                intake.awaitAnswersTaken();
                take(index++, begin);
            }
        } catch (IOException e) {
            end = Statuses.of(e, "PutRequest: ");
        } catch (StatusRuntimeException e) {
            end = e.getStatus();
        } catch (InterruptedException _) {
            end = Status.UNAVAILABLE.withDescription("the daemon is stopping");
        } catch (RuntimeException | Error e) {
            log.atError().setCause(e).log("a put stream failed by a mistake in this program");
            end = Status.INTERNAL.withDescription("put failed inside the daemon; its log has more");
        } finally {
            intake.close();
            commits.acquireUninterruptibly(COMMITS_AHEAD);
            close(end);
        }
    }

    private void take(int index, PutBegin begin) throws IOException, InterruptedException {
        ChunkPut put = new ChunkPut(
                transfers, begin.getLength(), begin.getClientId(), outcome -> send(response(index, outcome)));
        boolean thrown = true;
        try {
            store(put, begin);
            thrown = false;
        } finally {
            if (thrown) {
                put.close();
            }
        }
    }

    private void store(ChunkPut put, PutBegin begin) throws IOException, InterruptedException {
        Requests.checkClientId(begin.getClientId());
        PutOutcome refusal = refusal(begin);
        if (refusal != null) {
            put.end(refusal);
            return;
        }
        ChunkPut.Arrived arrived = put.receive(tenant.key(begin.getKey().toByteArray()), intake);
        if (arrived == null) {
            return;
        }
        try {
            commits.acquire();
        } catch (InterruptedException e) {
            arrived.abort();
            throw e;
        }
        Thread.ofVirtual().name("put-commit").start(() -> {
            try {
                arrived.commit();
            } finally {
                commits.release();
            }
        });
    }

    /** Null if key and length are such as the contract allows. */
    private @Nullable PutOutcome refusal(PutBegin begin) {
        int keyBytes = begin.getKey().size();
        if (keyBytes == 0 || keyBytes > ChunkKey.MAX_BYTES) {
            return PutOutcome.rejected(
                    PutReason.PUT_REASON_BAD_KEY,
                    "begin.key has " + keyBytes + " bytes; 1 to " + ChunkKey.MAX_BYTES + " are allowed");
        }
        long length = begin.getLength();
        if (length <= 0 || length > transfers.maxValueBytes()) {
            return PutOutcome.rejected(
                    PutReason.PUT_REASON_BAD_LENGTH,
                    "begin.length is " + Long.toUnsignedString(length) + "; 1 to " + transfers.maxValueBytes()
                            + " are allowed (data.max-value-size)");
        }
        return null;
    }

    private static PutResponse response(int index, PutOutcome outcome) {
        return PutResponse.newBuilder()
                .setIndex(index)
                .setStatus(outcome.status())
                .setReason(outcome.reason())
                .setMessage(outcome.message())
                .build();
    }

    private synchronized void send(PutResponse response) {
        if (!call.isCancelled()) {
            call.sendMessage(response);
        }
    }

    private synchronized void close(Status status) {
        if (!call.isCancelled()) {
            call.close(status, new Metadata());
        }
    }
}
